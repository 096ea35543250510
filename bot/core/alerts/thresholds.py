"""Parse and format thresholds: percentages of a quota (`50,80,95`), and multiples of the usual usage (`5x`)."""

import re
from collections.abc import Iterable
from typing import Final

LEAST_SPIKE: Final = 2.0
MOST_SPIKE: Final = 1_000.0
MOST_THRESHOLDS: Final = 6
_SPIKE: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,2})?)\s*[x×]?", re.IGNORECASE | re.ASCII)
_PERCENT: Final = re.compile(r"([0-9]{1,3})\s*%?", re.ASCII)


class NotAThreshold(ValueError):
    """Raised for text that isn't a threshold, or for too many. The message continues a sentence: `takes a factor …`."""


def quota_thresholds(words: Iterable[object]) -> tuple[int, ...]:
    """Parse thresholds in percent. Return them in ascending order, without duplicates.

    Raises:
        NotAThreshold: one isn't a whole number from 1 to 100, or there are too many.
    """
    found = set()
    for word in words:
        match = _PERCENT.fullmatch(str(word).strip())
        if match is None or isinstance(word, bool) or not 1 <= int(match[1]) <= 100:
            raise NotAThreshold("takes percentages from 1 to 100, such as `50, 80, 95`")
        found.add(int(match[1]))
    if len(found) > MOST_THRESHOLDS:
        raise NotAThreshold(f"takes at most {MOST_THRESHOLDS} thresholds")
    return tuple(sorted(found))


def spike_factor(word: object) -> float:
    """Parse the multiple of the usual usage above which usage is a spike: `5x`.

    Raises:
        NotAThreshold: it isn't a number from 2 to 1,000.
    """
    match = _SPIKE.fullmatch(str(word).strip())
    factor = 0.0 if match is None or isinstance(word, bool) else float(match[1])
    if not LEAST_SPIKE <= factor <= MOST_SPIKE:
        raise NotAThreshold(f"takes a factor from {LEAST_SPIKE:g}x to {MOST_SPIKE:g}x, such as `5x`")
    return factor


def factor_text(factor: float) -> str:
    """Format a factor as people type it: `5x`, `2.5x`."""
    return f"{factor:g}x"

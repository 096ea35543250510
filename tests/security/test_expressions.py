"""No text makes a regular expression slow: the time is proportional to the length of the text."""

import functools
import re
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

import pytest

from bot.core.parsing.normalise import normalise, split
from bot.core.redaction.egress import looks_secret
from bot.slack.incoming.payloads import text_after_mention
from tests.security.patterns import hostile, patterns

every_pattern = functools.cache(patterns)
SIZES = (20, 1_000, 12_000)
"""Text lengths. The shortest is enough to find an expression whose time grows exponentially."""
LONGEST = 0.02
"""A text may take this many seconds, however long it is. With an expression that isn't linear, it takes far longer."""
GROWTH = 48
"""How much longer the longest text may take than the middle one, which is a twelfth as long.

This is more than twelve times as long, because the machine may be busy. Shorter texts must take less than `LONGEST`.
"""


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that some work takes: the shortest of at most three measurements.

    Measure again only while the work takes longer than allowed.
    """
    found: list[float] = []
    while len(found) < 3 and min(found, default=LONGEST) >= LONGEST:
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def grows(work: Callable[[str], object], *texts: str) -> str | None:
    """Return a description of the first text that takes too long, or None. `texts` has one text for each size."""
    before = LONGEST
    for text in texts:
        took = seconds(lambda text=text: work(text))  # type: ignore[misc]
        if took >= LONGEST and (len(text) < SIZES[-1] or took > GROWTH * before):
            return f"{took:.4f} s for {len(text)} characters of {text[:24]!r}"
        before = took
    return None


def texts_for(pattern: re.Pattern[str]) -> Iterator[tuple[str, ...]]:
    """Yield tuples of texts that may be slow to match. Each tuple has the same text in every size."""
    return zip(*(hostile(pattern, size) for size in SIZES), strict=True)


def test_every_regular_expression_is_linear() -> None:
    """All patterns are in one test. As parameters, they would cost each worker a second at collection."""
    slow = [
        f"{where} {pattern.pattern!r}: {found}"
        for where, pattern in every_pattern().items()
        for work in (pattern.search, pattern.fullmatch)
        for texts in texts_for(pattern)
        if (found := grows(work, *texts))
    ]
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize("slow", [r"eyJ[\w-]{8,}\.[\w-]{8,}", r"<@U0BOT(?:\|[^>]*)?>", r"[a-z]+=x", r"(a+)+b"])
def test_the_search_finds_slow_expressions(slow: str) -> None:
    pattern = re.compile(slow)
    assert any(grows(pattern.search, *texts) for texts in texts_for(pattern))


def test_patterns_of_all_modules_are_found() -> None:
    assert len(every_pattern()) > 50
    assert any(where.startswith("bot.core.redaction.egress") for where in every_pattern())


@pytest.mark.parametrize(
    "piece", ["eyJ", "<@U0BOT|", "eyJ-", "xoxe-1-", '"', "' ", "`", '--x="', "<", "&amp;", "*a", "[!", "xapp-1-A"]
)
def test_parsing_a_text_takes_linear_time(piece: str) -> None:
    def read(text: str) -> None:
        looks_secret(text)
        split(normalise(text))
        text_after_mention(text, "U0BOT")
        fnmatchcase("a" * 64, text[:2000])  # as `/turso ls PATTERN` does

    assert not (found := grows(read, *((piece * size)[:size] for size in SIZES))), found

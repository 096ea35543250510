"""Types of the command line's arguments: each refuses what it can't be with a sentence."""

import math
import re
from argparse import ArgumentTypeError
from typing import Final

from bot.core.audit import LARGEST_SEQ
from bot.settings.values import NUMBERS

_DIGITS: Final = re.compile(r"[0-9]{1,19}")
_HEAD: Final = re.compile(r"[0-9a-f]{64}")


def port(text: str) -> int:
    """Return the number of a port."""
    lowest, highest = NUMBERS["PORT"]
    return _whole(text, lowest, highest)


def entry_number(text: str) -> int:
    """Return the number of an entry of the audit log."""
    return _whole(text, 1, LARGEST_SEQ)


def seconds(text: str) -> float:
    """Return a length of time in seconds."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ArgumentTypeError(f"`{text}` isn't a number of seconds")
    return number


def head(text: str) -> str:
    """Return a posted head of the audit log. A mistyped one must not look like a changed log."""
    if not _HEAD.fullmatch(text.strip().lower()):
        raise ArgumentTypeError(f"`{text}` isn't a head, which has 64 of the characters 0 to 9 and a to f")
    return text.strip().lower()


def _whole(text: str, lowest: int, highest: int) -> int:
    if not _DIGITS.fullmatch(text) or not lowest <= int(text) <= highest:
        raise ArgumentTypeError(f"`{text}` isn't a whole number from {lowest} to {highest}")
    return int(text)

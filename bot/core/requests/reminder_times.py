"""When people are reminded of a request that waits for approval."""

from datetime import timedelta
from typing import Final

LONGEST_PAUSE: Final = timedelta(hours=4)
FIRST_PAUSE: Final = timedelta(minutes=10)
_LONGEST_FROM: Final = 5
"""The number of the first reminder that `LONGEST_PAUSE` follows."""


def first_reminder(expires: timedelta) -> timedelta:
    """Return how long after the request its first reminder comes: earlier than usual if the request expires soon."""
    return min(FIRST_PAUSE, expires / 3)


def pause_after(number: int) -> timedelta:
    """Return the pause after a request's reminder with this number, counted from 1."""
    return min(FIRST_PAUSE * (1 << min(number, _LONGEST_FROM)), LONGEST_PAUSE)


def reminder_due(number: int) -> timedelta:
    """Return how long after the request its reminder with this number comes, if the request doesn't expire soon."""
    growing = sum((pause_after(one) for one in range(1, min(number, _LONGEST_FROM))), FIRST_PAUSE)
    return growing + max(number - _LONGEST_FROM, 0) * LONGEST_PAUSE

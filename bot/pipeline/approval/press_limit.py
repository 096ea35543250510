"""A limit on presses per person and button value, because every press that is carried out causes calls to Slack."""

import time
from collections.abc import Callable
from typing import Final

from cachetools import TTLCache

from bot.core.requests.incoming import Incoming
from bot.errors import BadInput

AT_MOST: Final = 10
WITHIN_SECONDS: Final = 10.0
REMEMBERED: Final = 10_000
"""The maximum number of pairs of person and button value that are counted at the same time."""


class PressLimit:
    """Counts presses in memory, separately for each person and button value, such as the ID of a request."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._counts: TTLCache[tuple[str, str], list[int]] = TTLCache(REMEMBERED, WITHIN_SECONDS, timer=now)

    def is_over(self, incoming: Incoming) -> bool:
        """Count a press, and return True if it exceeds the limit."""
        counted = self._counts.setdefault((incoming.user_id, incoming.value), [0])
        counted[0] += 1
        return counted[0] > AT_MOST


async def refuse() -> str:
    """Raise BadInput for a press that exceeds the limit."""
    raise BadInput(
        f"You pressed more than {AT_MOST} times in {WITHIN_SECONDS:.0f} seconds, so this press did nothing. "
        "Wait a moment, then press once."
    )

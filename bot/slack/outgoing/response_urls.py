"""Keep each `response_url` in memory, for its five uses and almost its half hour."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from cachetools import TTLCache

from bot.core.requests.incoming import Incoming

USES: Final = 5
LIFETIME_SECONDS: Final = 29 * 60
MOST_URLS: Final = 4096
"""The maximum number of URLs. Without their URL, replies are sent as messages."""
SLACK_PREFIXES: Final = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")


@dataclass(slots=True)
class _Kept:
    url: str = field(repr=False)
    left: int = USES


class ResponseUrls:
    """Finds the `response_url` of an intent. Only addresses at Slack or at the host of `SLACK_API_URL` are stored."""

    def __init__(self, slack_api_url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(slack_api_url)
        self._prefixes = (*SLACK_PREFIXES, f"{parts.scheme}://{parts.netloc}/")
        self._kept: TTLCache[str, _Kept] = TTLCache(MOST_URLS, LIFETIME_SECONDS, timer=now)

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, incoming: Incoming) -> None:
        """Store the `response_url` of `incoming`, if it has one at an allowed address."""
        if incoming.response_url is None or not incoming.response_url.startswith(self._prefixes):
            return
        self._kept[incoming.id] = _Kept(incoming.response_url)

    def use(self, intent_id: str | None) -> str | None:
        """Return the URL of an intent, and count the use. None if there is none, or it is used up or expired."""
        kept = self._kept.get(intent_id or "")
        if kept is None:
            return None
        if kept.left <= 0:
            self.drop(intent_id)
            return None
        kept.left -= 1
        return kept.url

    def drop(self, intent_id: str | None) -> None:
        """Remove a URL that Slack no longer accepts."""
        self._kept.pop(intent_id or "", None)

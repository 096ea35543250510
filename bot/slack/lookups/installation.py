"""Look up the bot's installation, its workspace and its own user, and cache it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from bot.errors import Unavailable
from bot.slack.outgoing.web_api import UNTRUSTED, SlackCalls, SlackTrouble


@dataclass(frozen=True, slots=True)
class Installation:
    """What the bot uses of Slack's response to `auth.test` and of its headers."""

    team_id: str
    enterprise_id: str | None
    bot_user_id: str
    bot_id: str
    url: str = ""
    is_enterprise_install: bool = False
    scopes: frozenset[str] = frozenset()
    clock_is_ahead: timedelta | None = None
    """How far this machine's clock is ahead of Slack's. Negative if it is behind. None if Slack's time is unknown."""


class Workspace:
    """Looks up the installation and caches it."""

    def __init__(self, calls: SlackCalls) -> None:
        self._calls = calls
        self._found: Installation | None = None
        self._asking = asyncio.Lock()

    @property
    def known(self) -> Installation | None:
        """Return the installation, or None if Slack hasn't returned it yet."""
        return self._found

    async def installation(self) -> Installation:
        """Return the installation, from the cache after Slack's first response.

        Raises:
            Unavailable: Slack doesn't respond, or rejects the bot's token.
        """
        if self._found is None:
            async with self._asking:
                if self._found is None:
                    await self.check()
        assert self._found is not None
        return self._found

    async def check(self) -> Installation:
        """Look up the installation, even if it is cached. For readiness and `doctor`. Raises Unavailable."""
        try:
            answer = await self._calls.call("auth.test")
        except SlackTrouble as trouble:
            if trouble.code == UNTRUSTED:
                raise Unavailable(
                    "Slack's certificate isn't trusted. Set SSL_CERT_FILE to a file that also contains your own CA "
                    "certificates."
                ) from None
            raise Unavailable(f"Slack doesn't accept the bot's token, or isn't responding ({trouble.code}).") from None
        self._found = _installation(answer, self._calls)
        return self._found


def _installation(answer: dict[str, Any], calls: SlackCalls) -> Installation:
    return Installation(
        team_id=str(answer.get("team_id") or ""),
        enterprise_id=answer.get("enterprise_id") or None,
        bot_user_id=str(answer.get("user_id") or ""),
        bot_id=str(answer.get("bot_id") or ""),
        url=str(answer.get("url") or ""),
        is_enterprise_install=answer.get("is_enterprise_install") is True,
        scopes=calls.scopes,
        clock_is_ahead=_ahead(calls.dated),
    )


def _ahead(dated: tuple[str, datetime] | None) -> timedelta | None:
    if dated is None:
        return None
    with suppress(ValueError, TypeError, OverflowError):  # for example a time without a zone
        return dated[1] - parsedate_to_datetime(dated[0])
    return None

"""Where the bot is installed, and as whom: asked of Slack once, at the start."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext

from bot.errors import Unavailable
from bot.slack.web_api import SlackCalls, SlackTrouble


@dataclass(frozen=True, slots=True)
class Installation:
    """What `auth.test` says."""

    team_id: str
    enterprise_id: str | None
    bot_user_id: str
    bot_id: str
    url: str = ""
    is_enterprise_install: bool = False
    scopes: frozenset[str] = frozenset()
    clock_is_ahead: timedelta | None = None
    """By how much this machine's clock is ahead of Slack's; None: Slack did not say what time it is there."""


class Workspace:
    """The installation, once it is known. Nothing waits for it before an ack."""

    def __init__(self, calls: SlackCalls) -> None:
        self._calls = calls
        self._found: Installation | None = None
        self._asking = asyncio.Lock()

    @property
    def known(self) -> Installation | None:
        """The installation, when Slack has already said it."""
        return self._found

    async def installation(self) -> Installation:
        """Return the installation; Slack is asked only as long as it has not answered.

        Raises:
            Unavailable: Slack does not answer, or does not know the bot's token.
        """
        if self._found is None:
            async with self._asking:
                if self._found is None:
                    await self.check()
        assert self._found is not None
        return self._found

    async def check(self) -> Installation:
        """Ask Slack again now, for readiness and `doctor`. Raises Unavailable."""
        try:
            answer = await self._calls.call("auth.test")
        except SlackTrouble as trouble:
            raise Unavailable(f"Slack does not accept the bot's token, or does not answer ({trouble.code}).") from None
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
    with suppress(ValueError):
        return dated[1] - parsedate_to_datetime(dated[0])
    return None


class FixedAuthorize(AsyncAuthorize):
    """Tells Bolt who the bot is, without a call and without the token: the bot's own calls do not go through Bolt."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._of: Installation | None = None
        self._answer: AuthorizeResult | None = None

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        actor_enterprise_id: str | None = None,
        actor_team_id: str | None = None,
        actor_user_id: str | None = None,
    ) -> AuthorizeResult:
        """Answer with what is known; until it is, own events cannot be told apart, and there are none."""
        known = self._workspace.known
        if known is None:
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)
        if self._answer is None or self._of is not known:
            self._of, self._answer = (
                known,
                AuthorizeResult(
                    enterprise_id=known.enterprise_id,
                    team_id=known.team_id,
                    bot_user_id=known.bot_user_id,
                    bot_id=known.bot_id,
                ),
            )
        return self._answer

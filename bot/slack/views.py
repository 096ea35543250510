"""Modals, Home, links and files: what goes out beside messages."""

import json
from typing import Final

import structlog

from bot.core.reply import View
from bot.errors import BotError
from bot.slack.calls import SlackCalls, SlackTrouble
from bot.slack.messages import EgressGuard

TOO_LATE: Final = frozenset(
    {"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged", "invalid_trigger_id"}
)
LINKS_KEPT: Final = 1000

log = structlog.get_logger(__name__)


class Views:
    """Opens and changes views. Whatever looks like a secret is withheld."""

    def __init__(self, calls: SlackCalls, guard: EgressGuard) -> None:
        self._calls = calls
        self._guard = guard
        self._links: dict[tuple[str, str], str] = {}

    async def permalink(self, channel_id: str, ts: str) -> str | None:
        """Return a link to a message, which stays the same for good; None when Slack does not say."""
        if link := self._links.get((channel_id, ts)):
            return link
        try:
            answer = await self._calls.call("chat.getPermalink", {"channel": channel_id, "message_ts": ts})
        except SlackTrouble:
            return None
        link = answer.get("permalink")
        if not isinstance(link, str):
            return None
        if len(self._links) >= LINKS_KEPT:
            self._links.clear()
        self._links[channel_id, ts] = link
        return link

    async def open_view(self, trigger_id: str, view: View) -> str | None:
        """Open a modal and return its id; None: the trigger is too old."""
        try:
            answer = await self._calls.call(
                "views.open", {"trigger_id": trigger_id, "view": self._guard.cleared_view(view)}
            )
        except SlackTrouble as trouble:
            if trouble.code not in TOO_LATE:
                log.warning("could not open a view", why=trouble.code)
            return None
        opened = answer.get("view")
        return str(opened.get("id") or "") or None if isinstance(opened, dict) else None

    async def update_view(self, view_id: str, view: View) -> None:
        """Replace what a modal shows; one that was closed is not an error."""
        try:
            await self._calls.call("views.update", {"view_id": view_id, "view": self._guard.cleared_view(view)})
        except SlackTrouble as trouble:
            log.info("could not change a view", why=trouble.code)

    async def publish_home(self, user_id: str, view: View) -> None:
        """Show a person's Home tab."""
        try:
            await self._calls.call("views.publish", {"user_id": user_id, "view": self._guard.cleared_view(view)})
        except SlackTrouble as trouble:
            log.warning("could not show Home", user=user_id, why=trouble.code)

    async def upload(self, channel_id: str, filename: str, content: str, *, title: str, thread_ts: str | None) -> None:
        """Share a text file in a channel.

        Raises:
            BotError: the file looks like it holds a secret, or Slack does not take it.
        """
        if self._guard.holds_secret([filename, title, content]):
            log.error("withheld a file that looks like it holds a secret")
            raise BotError("The file looks like it holds a secret, so I do not share it.")
        data = content.encode() or b"\n"
        try:
            slot = await self._calls.call("files.getUploadURLExternal", {"filename": filename, "length": len(data)})
            await self._calls.upload(str(slot["upload_url"]), data)
            await self._finish_upload(str(slot["file_id"]), title, channel_id, thread_ts)
        except (SlackTrouble, KeyError) as trouble:
            why = trouble.code if isinstance(trouble, SlackTrouble) else "unreadable"
            raise BotError(f"Slack did not take the file ({why}).") from None

    async def _finish_upload(self, file_id: str, title: str, channel_id: str, thread_ts: str | None) -> None:
        files = f'[{{"id": {json.dumps(file_id)}, "title": {json.dumps(title)}}}]'
        arguments = {"files": files, "channel_id": channel_id, "thread_ts": thread_ts}
        await self._calls.call("files.completeUploadExternal", arguments)

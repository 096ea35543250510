"""Calls to Slack for modals, the Home tab, permalinks and files."""

import json
from typing import Final

import structlog
from cachetools import LRUCache

from bot.core.reply import Reply, View
from bot.errors import BotError, Unavailable
from bot.slack.outgoing._final_codes import NO_THREAD, TOO_LATE
from bot.slack.outgoing.messages import EgressGuard
from bot.slack.outgoing.web_api import SlackCalls, SlackTrouble

LINKS_KEPT: Final = 1000

log = structlog.get_logger(__name__)


class Views:
    """Calls Slack for modals, the Home tab, permalinks and files.

    Hides text that looks like a secret, except in `reveal_in_view`.
    """

    def __init__(self, calls: SlackCalls, guard: EgressGuard) -> None:
        self._calls = calls
        self._guard = guard
        self._links: LRUCache[tuple[str, str], str] = LRUCache(LINKS_KEPT)

    async def permalink(self, channel_id: str, ts: str) -> str | None:
        """Return the permanent link to a message, or None if Slack doesn't return it."""
        if known := self._links.get((channel_id, ts)):
            return known
        try:
            answer = await self._calls.call("chat.getPermalink", {"channel": channel_id, "message_ts": ts})
        except SlackTrouble:
            return None
        link: str = answer["permalink"]
        self._links[channel_id, ts] = link
        return link

    async def open_view(self, trigger_id: str, view: View) -> str | None:
        """Open a modal and return its ID. Raises Unavailable.

        Returns None if Slack refuses, usually because the trigger has expired. An empty ID means that the modal is open
        but can't be replaced, because Slack didn't return its ID.
        """
        try:
            answer = await self._calls.call(
                "views.open", {"trigger_id": trigger_id, "view": self._guard.cleared_view(view)}
            )
        except SlackTrouble as trouble:
            raise_if_transient(trouble)
            if trouble.code not in TOO_LATE:
                log.warning("could not open a view", why=trouble.code)
            return None
        opened = answer.get("view")
        view_id = opened.get("id") if isinstance(opened, dict) else None
        return view_id if isinstance(view_id, str) else ""

    async def update_view(self, view_id: str, view: View) -> None:
        """Replace the content of a modal. Does nothing if Slack refuses, as for a closed modal. Raises Unavailable."""
        try:
            await self._calls.call("views.update", {"view_id": view_id, "view": self._guard.cleared_view(view)})
        except SlackTrouble as trouble:
            raise_if_transient(trouble)
            log.info("could not change a view", why=trouble.code)

    async def reveal_in_view(self, view_id: str, reply: Reply) -> bool:
        """Show a secret in a person's open modal, which leaves no message. Returns False if Slack didn't confirm it."""
        title, close = ({"type": "plain_text", "text": text} for text in ("Your token", "Close"))
        view = {"type": "modal", "title": title, "close": close, "blocks": list(reply.blocks)}
        try:
            await self._calls.call("views.update", {"view_id": view_id, "view": view})
        except SlackTrouble as trouble:
            log.warning("a reveal was not delivered", way=trouble.method, why=trouble.code)
            return False
        return True

    async def publish_home(self, user_id: str, view: View) -> None:
        """Show a person's Home tab. If Slack refuses, only log that. Raises Unavailable."""
        try:
            await self._calls.call("views.publish", {"user_id": user_id, "view": self._guard.cleared_view(view)})
        except SlackTrouble as trouble:
            raise_if_transient(trouble)
            log.warning("could not show Home", user=user_id, why=trouble.code)

    async def upload(self, channel_id: str, filename: str, content: str, *, title: str, thread_ts: str | None) -> None:
        """Share a text file in a thread, or in the channel itself if the thread accepts no replies.

        Raises:
            BotError: Slack refused it.
            Unavailable: it failed, and a later attempt may succeed.
        """
        if self._guard.contains_secret([filename, title, content]):
            log.error("hid a part of a file that looks like a secret")
            filename, title, content = self._guard.hidden([filename, title, content])
        data = content.encode() or b"\n"
        try:
            slot = await self._calls.call("files.getUploadURLExternal", {"filename": filename, "length": len(data)})
            await self._calls.upload(slot["upload_url"], data)
            await self._finish_upload(slot["file_id"], title, channel_id, thread_ts)
        except SlackTrouble as trouble:
            raise_if_transient(trouble)
            raise BotError(f"Slack didn't accept the file ({trouble.code}).") from None

    async def _finish_upload(self, file_id: str, title: str, channel_id: str, thread_ts: str | None) -> None:
        files = f'[{{"id": {json.dumps(file_id)}, "title": {json.dumps(title)}}}]'
        arguments = {"files": files, "channel_id": channel_id, "thread_ts": thread_ts}
        try:
            await self._calls.call("files.completeUploadExternal", arguments)
        except SlackTrouble as trouble:
            if thread_ts is None or trouble.code not in NO_THREAD:
                raise
            await self._calls.call("files.completeUploadExternal", {**arguments, "thread_ts": None})


def unavailable(trouble: SlackTrouble) -> Unavailable:
    """Return the error for a temporary failure, with a sentence for the person."""
    sentence = f"Slack isn't responding ({trouble.code}). Try again in a moment."
    return Unavailable(sentence, nothing_happened=trouble.nothing_happened)


def raise_if_transient(trouble: SlackTrouble) -> None:
    """Raise Unavailable if the same call may succeed later."""
    if trouble.is_transient:
        raise unavailable(trouble) from None

"""Lets an administrator delete messages, including those of the app."""

from __future__ import annotations

from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.records import CannotAct
from bot.sandbox.workspace.user_actions.administration.base import Administration, Deliveries

SUBSCRIPTIONS = {"im": "message.im", "group": "message.groups", "channel": "message.channels"}


class MessageAdmin(Administration):
    """Deletes messages."""

    async def delete_message(self, channel_id: str, ts: str) -> Deliveries:
        """Delete a message. The first message of a thread with replies leaves a tombstone, as in Slack.

        Raises:
            CannotAct: the message no longer exists.
        """
        message = self._state.message(channel_id, ts)
        if message is None or message.is_tombstone:
            raise CannotAct("That message no longer exists.")
        self._state.delete_message(message)
        channel = self._state.channels[channel_id]
        kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
        event: Json = {"type": "message", "subtype": "message_deleted", "channel": channel_id, "hidden": True,
                       "deleted_ts": ts, "channel_type": kind, "previous_message": message.as_slack()}  # fmt: skip
        if self._state.app.bot_user_id not in channel.members:
            return ()
        return await self._events.send(event, channel_id=channel_id, subscription=SUBSCRIPTIONS[kind])

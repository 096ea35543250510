"""The base class of the administrator's actions, with the workspace's state and the way to send events to the app."""

from __future__ import annotations

from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.events import Events
from bot.sandbox.workspace.model import Channel, Json
from bot.sandbox.workspace.records import Change, Delivery
from bot.sandbox.workspace.state import State

Deliveries = tuple[Delivery, ...]


class Administration:
    """The base class. Most methods of the subclasses change the workspace and send the app an event about it."""

    def __init__(self, state: State, events: Events, courier: Courier) -> None:
        self._state, self._events, self._courier = state, events, courier

    async def _about(self, channel: Channel, event: Json) -> Deliveries:
        return await self._events.send(event, channel_id=channel.id)

    def _changed(self, channel: Channel) -> None:
        self._state.changes.publish(Change(kind="channel", channel_id=channel.id))

    def _people_changed(self) -> None:
        self._state.changes.publish(Change(kind="person"))


def kind_of(channel: Channel) -> str:
    """Return the first word of a channel's events: `group` for a private channel, as in `group_archive`."""
    return "group" if channel.is_private else "channel"

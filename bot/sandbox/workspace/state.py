"""The state of the workspace: its people, channels, messages, views and records, with the operations on them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from bot.sandbox.workspace.changes import Changes
from bot.sandbox.workspace.faults import Faults
from bot.sandbox.workspace.ids import Stamps, new_id
from bot.sandbox.workspace.installed import InstalledApp
from bot.sandbox.workspace.limits import Limits
from bot.sandbox.workspace.model import TOMBSTONE, Channel, Json, Message, Person, UserGroup, View
from bot.sandbox.workspace.passes import Hooks, Triggers
from bot.sandbox.workspace.records import Call, Change, ChangeKind, Delivery, Notice
from bot.sandbox.workspace.timeline import Timeline
from bot.sandbox.workspace.tokens import Tokens

KEPT = 20_000  # the maximum number of deliveries, and of calls


class State:
    """The state of one workspace with one app installed.

    The methods that change messages, views and records publish the change, except `set_values`. Code that changes
    `people`, `channels` or `usergroups` directly must publish the change itself.
    """

    def __init__(self, app: InstalledApp, tokens: Tokens, time: Timeline, *, team_id: str, domain: str) -> None:
        self.app, self.tokens, self.time = app, tokens, time
        self.team_id, self.domain = team_id, domain
        self.team_name = domain.capitalize()
        self.enterprise_id: str | None = None
        self.org_wide = False
        self.installed = True
        self.paid_plan = True
        self.origin = "http://127.0.0.1:3000"
        self.limits, self.faults, self.changes = Limits(), Faults(), Changes()
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, UserGroup] = {}
        self.messages: dict[str, dict[str, Message]] = defaultdict(dict)
        self.ephemerals: dict[str, Message] = {}
        self.stacks: dict[str, list[View]] = defaultdict(list)
        self.homes: dict[str, View] = {}
        self.inputs: dict[tuple[str, str], Json] = {}  # what people chose in messages: (person, ts) -> values
        self.files: dict[str, Json] = {}
        self.scheduled: dict[str, Any] = {}
        self.reactions: dict[tuple[str, str], dict[str, list[str]]] = {}
        self.pins: dict[str, list[str]] = {}
        self.bookmarks: dict[str, list[Json]] = {}
        self.triggers, self.hooks = Triggers(self.limits), Hooks(self.limits)
        self.deliveries: list[Delivery] = []
        self.calls: list[Call] = []
        self.stamps = Stamps()
        self._tasks: set[asyncio.Task[Any]] = set()

    # -- time and background work

    def stamp(self) -> str:
        return self.stamps.next(self.time.now())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine in the background until it ends or the workspace closes."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.changes.close()

    # -- who can see what

    def can_see(self, person_id: str | None, channel_id: str) -> bool:
        """Return whether a person can see a channel. The person None can see every channel.

        Others can see the channels that they are members of. Full members of the workspace can also see every public
        channel. A deactivated person can see none.
        """
        if person_id is None:
            return True
        channel, person = self.channels.get(channel_id), self.people.get(person_id)
        if channel is None or person is None or person.deleted:
            return False
        if person_id in channel.members:
            return True
        hidden = channel.is_private or channel.is_im or channel.is_mpim
        return not hidden and not person.is_guest and person.team_id == self.team_id

    def active_members(self, channel: Channel) -> list[str]:
        """Return the IDs of a channel's members, except people whose accounts are deactivated."""
        gone = {person.id for person in self.people.values() if person.deleted}
        return [each for each in channel.members if each not in gone]

    def concerns(self, person_id: str | None, change: Change) -> bool:
        """Return whether a change concerns a viewer's page. The viewer None sees every change."""
        if person_id is None:
            return True
        if change.kind in ("delivery", "call"):
            return False
        if change.person_id is not None:
            return change.person_id == person_id
        return change.channel_id is None or self.can_see(person_id, change.channel_id)

    # -- messages

    def add_message(self, message: Message) -> Message:
        self.messages[message.channel_id][message.ts] = message
        self._publish("message", message)
        return message

    def replace_message(self, message: Message) -> Message:
        self.messages[message.channel_id][message.ts] = message
        self._publish("message_updated", message)
        return message

    def remove_message(self, message: Message) -> None:
        self.messages[message.channel_id].pop(message.ts, None)
        self._publish("message_deleted", message)

    def delete_message(self, message: Message) -> None:
        """Remove a message. If it has replies, a tombstone takes its place."""
        replies = (each for each in self.messages[message.channel_id].values() if each.thread_ts == message.ts)
        if any(each.ts != message.ts for each in replies):
            self.replace_message(_tombstone_of(message))
        else:
            self.remove_message(message)

    def add_ephemeral(self, message: Message) -> Message:
        self.ephemerals[message.ts] = message
        self._publish("ephemeral", message)
        return message

    def replace_ephemeral(self, message: Message) -> Message:
        self.ephemerals[message.ts] = message
        self._publish("ephemeral_updated", message)
        return message

    def remove_ephemeral(self, message: Message) -> None:
        self.ephemerals.pop(message.ts, None)
        self._publish("ephemeral_deleted", message)

    def message(self, channel_id: str, ts: str) -> Message | None:
        return self.messages.get(channel_id, {}).get(ts)

    def find_message(self, ts: str, channel_id: str | None = None) -> Message | None:
        """Return the message with this `ts`, or None.

        Without `channel_id`, all channels are searched. Ephemeral messages are always found, whatever their channel.
        """
        if (hidden := self.ephemerals.get(ts)) is not None:
            return hidden
        places = [channel_id] if channel_id else list(self.messages)
        return next((found for place in places if (found := self.message(place, ts))), None)

    def direct_channel(self, person_id: str) -> Channel:
        """Return the conversation between a person and the app. Creates it if necessary."""
        pair = {person_id, self.app.bot_user_id}
        for channel in self.channels.values():
            if channel.is_im and set(channel.members) == pair:
                return channel
        members = [person_id, self.app.bot_user_id]
        channel = Channel(id=new_id("D"), name=person_id, created=self.time.now(), is_im=True, members=members)
        self.channels[channel.id] = channel
        self.changes.publish(Change(kind="channel", channel_id=channel.id))
        return channel

    # -- views

    def find_view(self, view_id: str) -> View | None:
        open_views = (view for stack in self.stacks.values() for view in stack)
        homes = self.homes.values()
        return next((view for view in (*open_views, *homes) if view.id == view_id), None)

    def replace_view(self, view: View) -> View:
        """Store the new version of a view, and return it."""
        if self.homes.get(view.person_id) and self.homes[view.person_id].id == view.id:
            self.homes[view.person_id] = view
            kind: ChangeKind = "home"
        else:
            stack = self.stacks[view.person_id]
            stack[:] = [view if each.id == view.id else each for each in stack]
            kind = "view_updated"
        self.changes.publish(Change(kind=kind, person_id=view.person_id, view=view))
        return view

    def set_values(self, view: View, values: Json) -> View:
        """Store the values that a person filled in, and return the changed view.

        The change isn't published, because the person's page already shows the values.
        """
        changed = replace(view, values=values)
        if self.homes.get(view.person_id, view).id == view.id and view.type == "home":
            self.homes[view.person_id] = changed
        else:
            stack = self.stacks[view.person_id]
            stack[:] = [changed if each.id == view.id else each for each in stack]
        return changed

    # -- records

    def notice(self, person_id: str, text: str, channel_id: str | None = None) -> str:
        """Show a line to one person, as Slack's client does, and return it."""
        notice = Notice(person_id=person_id, text=text, channel_id=channel_id)
        self.changes.publish(Change(kind="notice", person_id=person_id, channel_id=channel_id, notice=notice))
        return text

    def record_delivery(self, delivery: Delivery) -> None:
        _append(self.deliveries, delivery)
        self.changes.publish(Change(kind="delivery", person_id=delivery.person_id, delivery=delivery))

    def record_call(self, call: Call) -> None:
        _append(self.calls, call)
        self.changes.publish(Change(kind="call", call=call))

    def _publish(self, kind: ChangeKind, message: Message) -> None:
        self.changes.publish(
            Change(kind=kind, channel_id=message.channel_id, person_id=message.only_for, message=message)
        )


def _tombstone_of(message: Message) -> Message:
    return Message(
        channel_id=message.channel_id, ts=message.ts, thread_ts=message.ts, user_id="USLACKBOT",
        text="This message was deleted.", subtype=TOMBSTONE,
    )  # fmt: skip


def _append(record: list[Any], item: Any) -> None:
    """Append a record. If there are too many, remove the oldest ones, because a workspace may run for days."""
    record.append(item)
    if len(record) > KEPT:
        del record[: KEPT // 10]

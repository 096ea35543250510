"""Typing into the composer: messages, mentions and slash commands."""

from __future__ import annotations

import re

from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.events import Events
from bot.sandbox.workspace.delivery.parcel import command_parcel
from bot.sandbox.workspace.delivery.payloads import slash_command
from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.escaping import Escaper, entities
from bot.sandbox.workspace.installed import SlashCommand
from bot.sandbox.workspace.model import Channel, Json, Message, Person
from bot.sandbox.workspace.records import Acted, CannotAct, Delivery
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.user_actions.answers import show_direct_answer


class MessagePosting:
    """Sends the lines that people type."""

    def __init__(self, state: State, courier: Courier, events: Events) -> None:
        self._state, self._courier, self._events = state, courier, events
        self._escaper = Escaper(state)

    async def say(self, person_id: str, channel_id: str, text: str, *, thread_ts: str | None = None) -> Acted:
        """Send a line. A leading `/` makes it a slash command, as in Slack's composer."""
        person, channel = self._present(person_id, channel_id)
        if text.startswith("/"):
            return await self._command(person, channel, text, in_thread=thread_ts is not None)
        return await self._message(person, channel, text, thread_ts)

    def _present(self, person_id: str, channel_id: str) -> tuple[Person, Channel]:
        person, channel = self._state.people[person_id], self._state.channels[channel_id]
        if person.deleted:
            raise CannotAct(f"{person.real_name}'s account is deactivated.")
        if person_id not in channel.members:
            raise CannotAct(f"{person.real_name} is not in this conversation.")
        if channel.is_archived:
            raise CannotAct("This channel is archived.")
        return person, channel

    # -- slash commands

    async def _command(self, person: Person, channel: Channel, line: str, *, in_thread: bool) -> Acted:
        name, _, text = line.partition(" ")
        command = self._state.app.commands.get(name)
        if refusal := self._refusal(person, name, command, in_thread=in_thread):
            return Acted(notice=self._state.notice(person.id, refusal, channel.id))
        assert command is not None
        escaped = self._escaper.escape(text) if command.should_escape else entities(text)
        payload = slash_command(self._state, person, channel, name, escaped.strip())
        delivery = await self._courier.deliver(command_parcel(payload, person.id))
        if delivery.ok:
            return self._answered(person, channel, line, delivery)
        notice = self._state.notice(person.id, _failure(name, delivery), channel.id)
        return Acted(deliveries=(delivery,), notice=notice)

    def _refusal(self, person: Person, name: str, command: SlashCommand | None, *, in_thread: bool) -> str | None:
        if command is None or not self._state.installed or not self._state.app.has("commands"):
            return f"{name} is not a valid command."
        if in_thread:
            return f"{name} is not supported in threads. Sorry!"
        if person.team_id != self._state.team_id and person.enterprise_id != (self._state.enterprise_id or ""):
            return f"{name} is not a valid command."  # people of other workspaces don't have the app's commands
        return None

    def _answered(self, person: Person, channel: Channel, line: str, delivery: Delivery) -> Acted:
        try:
            shown = show_direct_answer(self._state, delivery, person.id, channel.id, line)
        except SlackError as error:
            text = f"{line.split()[0]} failed with the error “{error.error}”"
            return Acted(deliveries=(delivery,), notice=self._state.notice(person.id, text, channel.id))
        return Acted(message=shown, deliveries=(delivery,))

    # -- messages

    async def _message(self, person: Person, channel: Channel, text: str, thread_ts: str | None) -> Acted:
        _check_posting(person, channel, in_thread=thread_ts is not None)
        if thread_ts is not None and self._state.message(channel.id, thread_ts) is None:
            raise CannotAct("That thread is gone.")
        if channel.is_im and self._state.app.messages_tab_read_only and self._state.app.bot_user_id in channel.members:
            raise CannotAct("Sending messages to this app has been turned off.")
        escaped = _without_labels(self._escaper.escape(text))
        message = Message(
            channel_id=channel.id, ts=self._state.stamp(), user_id=person.id, text=escaped, thread_ts=thread_ts,
            blocks=[],
        )  # fmt: skip
        self._state.add_message(message)
        notice = self._notice_of_absence(person, channel, message)
        return Acted(message=message, deliveries=await self._deliver(person, channel, message), notice=notice)

    def _notice_of_absence(self, person: Person, channel: Channel, message: Message) -> str | None:
        """Show Slackbot's notice if a message mentions the app in a channel that the app isn't in.

        Returns the notice, or None.
        """
        app = self._state.app
        if channel.is_im or app.bot_user_id in channel.members or f"<@{app.bot_user_id}>" not in message.text:
            return None
        text = f"You mentioned @{app.name}, but it isn't in #{channel.name}. Invite it in the inspector."
        return self._state.notice(person.id, text, channel.id)

    async def _deliver(self, person: Person, channel: Channel, message: Message) -> tuple[Delivery, ...]:
        """Send the app the events for a message, `app_mention` and `message`, if the app is in the channel."""
        app, event = self._state.app, self._event(person, channel, message)
        if app.bot_user_id not in channel.members or not self._state.installed:
            return ()
        deliveries: tuple[Delivery, ...] = ()
        if f"<@{app.bot_user_id}" in message.text and not channel.is_im:
            mention = {**event, "type": "app_mention"}
            deliveries += await self._events.send(mention, person_id=person.id, channel_id=channel.id)
        kind = "im" if channel.is_im else "group" if channel.is_private else "channel"
        subscription = {"im": "message.im", "group": "message.groups", "channel": "message.channels"}[kind]
        heard = {**event, "type": "message", "channel_type": kind}
        return deliveries + await self._events.send(
            heard, person_id=person.id, channel_id=channel.id, subscription=subscription
        )

    def _event(self, person: Person, channel: Channel, message: Message) -> Json:
        event: Json = {
            "user": person.id,
            "text": message.text,
            "ts": message.ts,
            "team": person.team_id,
            "user_team": person.team_id,
            "source_team": person.team_id,
            "channel": channel.id,
            "event_ts": message.ts,
            "blocks": _typed_blocks(message.text),
        }
        return event | ({"thread_ts": message.thread_ts} if message.thread_ts else {})


def _check_posting(person: Person, channel: Channel, *, in_thread: bool) -> None:
    """Check that a person may post in the channel. Slash commands aren't checked.

    Raises:
        CannotAct: the channel's posting setting forbids it.
    """
    if channel.posting == "admins" and not person.is_admin:
        raise CannotAct("Only administrators may post in this channel.")
    if channel.posting == "threads" and not in_thread:
        raise CannotAct("In this channel only replies in threads are allowed.")
    if channel.posting == "no_threads" and in_thread:
        raise CannotAct("This channel has no threads.")


def _typed_blocks(text: str) -> list[Json]:
    """Return a typed line as a rich text block. Unlike in Slack, mentions and links in it stay plain text."""
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "block_id": "typed", "elements": [section]}]


def _without_labels(text: str) -> str:
    """Remove the labels of people's mentions. Messages don't contain them, but commands do."""
    return re.sub(r"<(@[A-Z0-9]+)\|[^<>]*>", r"<\1>", text)


def _failure(command: str, delivery: Delivery) -> str:
    """Return the line that Slack shows for a command whose delivery failed."""
    if delivery.failure == "http_timeout":
        return f"{command} failed with the error “operation_timeout”: the app did not respond."
    if delivery.failure == "http_error":
        return f"{command} failed with the error “http_service_error”."
    return f"{command} failed with the error “dispatch_failed”: the app did not respond."

"""The local Slack workspace, as tests and the sandbox's page use it: what people see and do, and the app's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.sandbox.workspace.changes import Subscription
from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.events import Events
from bot.sandbox.workspace.delivery.parcel import Parcel
from bot.sandbox.workspace.delivery.post import Post
from bot.sandbox.workspace.delivery.sockets import Sockets
from bot.sandbox.workspace.escaping import with_smart_punctuation
from bot.sandbox.workspace.faults import Faults
from bot.sandbox.workspace.installed import InstalledApp
from bot.sandbox.workspace.limits import Limits
from bot.sandbox.workspace.model import Channel, Json, Message, Person, UserGroup, View
from bot.sandbox.workspace.records import Acted, Call, CannotAct, Delivery
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.timeline import Timeline, wall_clock
from bot.sandbox.workspace.tokens import Tokens
from bot.sandbox.workspace.user_actions.administration import Admin
from bot.sandbox.workspace.user_actions.clicks import Clicks
from bot.sandbox.workspace.user_actions.home_and_shortcuts import HomeAndShortcuts
from bot.sandbox.workspace.user_actions.messages import MessagePosting
from bot.sandbox.workspace.user_actions.modals import Modals
from bot.sandbox.workspace.user_actions.suggestions import Suggestions
from bot.sandbox.workspace.views import Views


class Workspace:
    """One Slack workspace with one app installed.

    The methods for actions do what a person can do in Slack's client. The app gets the same payloads as from Slack. An
    action returns once the app has responded or its time is up. What Slack wouldn't let a person do raises `CannotAct`.
    """

    def __init__(
        self,
        *,
        manifest: Mapping[str, Any],
        signing_secret: str,
        bot_token: str,
        app_token: str,
        team_id: str = "T0ACME",
        domain: str = "acme",
        clock: Callable[[], datetime] = wall_clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Install the app of `manifest`. `transport` replaces the network to the app, for tests within a process."""
        app = InstalledApp.from_manifest(manifest)
        state = State(app, Tokens(bot_token, app_token), Timeline(clock), team_id=team_id, domain=domain)
        self.state = state
        self.views = Views(state)
        self.post = Post(signing_secret, state.limits, transport=transport)
        self.sockets = Sockets(state)
        self.courier = Courier(state, self.post, self.sockets)
        self.events = Events(state, self.courier)
        suggestions = Suggestions(state, self.courier)
        self._suggestions = suggestions
        self._posting = MessagePosting(state, self.courier, self.events)
        self._clicks = Clicks(state, self.courier, suggestions)
        self._modals = Modals(state, self.courier, self.views, suggestions)
        self._home_and_shortcuts = HomeAndShortcuts(state, self.courier, self.events)
        self.admin = Admin(state, self.events, self.courier)

    # -- the state and its settings

    @property
    def app(self) -> InstalledApp:
        return self.state.app

    @property
    def people(self) -> dict[str, Person]:
        return self.state.people

    @property
    def channels(self) -> dict[str, Channel]:
        return self.state.channels

    @property
    def usergroups(self) -> dict[str, UserGroup]:
        return self.state.usergroups

    @property
    def deliveries(self) -> list[Delivery]:
        return self.state.deliveries

    @property
    def calls(self) -> list[Call]:
        return self.state.calls

    @property
    def faults(self) -> Faults:
        return self.state.faults

    @property
    def limits(self) -> Limits:
        return self.state.limits

    @property
    def origin(self) -> str:
        """Return the address of this workspace, which `response_url`s and upload URLs start with."""
        return self.state.origin

    @origin.setter
    def origin(self, origin: str) -> None:
        self.state.origin = origin.rstrip("/")

    @property
    def api_url(self) -> str:
        """Return the value for the app's `SLACK_API_URL`."""
        return f"{self.origin}/api/"

    @property
    def events_url(self) -> str | None:
        """Return the URL for deliveries over HTTP. None means Socket Mode."""
        return self.courier.events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self.courier.events_url = url

    def install_org_wide(self, enterprise_id: str) -> None:
        """Make this workspace part of an Enterprise Grid organization that has installed the app org-wide."""
        self.state.enterprise_id, self.state.org_wide = enterprise_id, True
        for person in self.people.values():
            if person.team_id == self.state.team_id:
                person.enterprise_id = enterprise_id

    def now(self) -> datetime:
        return self.state.time.now()

    def move_time(self, by: timedelta) -> datetime:
        """Move the time ahead, so that triggers expire and retries become due, and return the new time."""
        return self.state.time.move(by)

    def hold_time(self) -> None:
        """Stop the clock. From now on only `move_time` changes the time."""
        self.state.time.hold()

    # -- what a person sees

    def history(self, channel_id: str, viewer_id: str | None) -> list[Message]:
        """Return a channel's messages, including replies, and the viewer's own ephemeral messages, oldest first.

        Empty if the viewer can't see the channel. The viewer None sees every channel, but no ephemeral messages.
        """
        if not self.state.can_see(viewer_id, channel_id):
            return []
        posted = self.state.messages.get(channel_id, {}).values()
        hidden = [m for m in self.state.ephemerals.values() if m.channel_id == channel_id and m.only_for == viewer_id]
        return sorted([*posted, *hidden], key=lambda message: _order(message.ts)) if hidden else list(posted)

    def channels_of(self, viewer_id: str) -> list[Channel]:
        """Return the conversations of which a person is a member."""
        return [channel for channel in self.channels.values() if viewer_id in channel.members]

    def views_of(self, person_id: str) -> list[View]:
        """Return the stack of open modals, with the top one last."""
        return list(self.state.stacks.get(person_id, ()))

    def home_of(self, person_id: str) -> View | None:
        """Return the Home tab that the app published for this person, or None."""
        return self.state.homes.get(person_id)

    def reload(self, viewer_id: str) -> None:
        """Reload Slack for a person, which removes their ephemeral messages."""
        for message in [each for each in self.state.ephemerals.values() if each.only_for == viewer_id]:
            self.state.remove_ephemeral(message)

    def subscribe(self, viewer_id: str | None) -> Subscription:
        """Subscribe to the changes that this viewer may see.

        The viewer None sees all, including deliveries and calls.
        """
        return self.state.changes.subscribe(lambda change: self.state.concerns(viewer_id, change))

    # -- what a person does

    async def say(
        self, person_id: str, channel_id: str, text: str, *, thread_ts: str | None = None, phone: bool = False
    ) -> Acted:
        """Send a line: a slash command if it starts with `/`, otherwise a message.

        With `phone`, apply smart punctuation first.
        """
        text = with_smart_punctuation(text) if phone else text
        return await self._posting.say(person_id, channel_id, text, thread_ts=thread_ts)

    async def click(
        self,
        person_id: str,
        *,
        action_id: str,
        message: Message | None = None,
        message_ts: str | None = None,
        view_id: str | None = None,
        channel_id: str | None = None,
        block_id: str | None = None,
        selected: Any = None,
    ) -> Acted:
        """Press a button or choose in a menu of a message or a view.

        Args:
            message: press in this version of the message, even if it has changed since.
            message_ts: the `ts` of a message, ephemeral or not.
            view_id: a modal or Home tab. If it is given, the message isn't used.
            channel_id: where to search for `message_ts`. Without it, all channels are searched. Doesn't apply to
                ephemeral messages.
            selected: an option's value, a list of them, an ID, a date or a text, depending on the element.
        """
        if view_id is not None:
            view = self._view(view_id)
            return await self._clicks.in_view(person_id, view, action_id, block_id, selected)
        pressed = message or self._message(message_ts, channel_id)
        return await self._clicks.in_message(person_id, pressed, action_id, block_id, selected)

    async def suggest(
        self,
        person_id: str,
        *,
        action_id: str,
        text: str,
        message_ts: str | None = None,
        view_id: str | None = None,
        block_id: str | None = None,
    ) -> list[Json]:
        """Type into a menu with external options, and return the options or option groups that the app returns."""
        place = self._view(view_id) if view_id is not None else self._message(message_ts, None)
        return await self._suggestions.suggest(person_id, place, action_id, block_id, text)

    async def submit_view(self, person_id: str, view_id: str, values: Json) -> Acted:
        """Submit a modal with `{block_id: value}` filled in. Other inputs keep their values."""
        return await self._modals.submit(person_id, view_id, values)

    async def close_view(self, person_id: str, view_id: str, *, whole_stack: bool = False) -> Acted:
        """Close one modal with its close button, or the person's whole stack with the cross."""
        return await self._modals.close(person_id, view_id, whole_stack=whole_stack)

    async def open_home(self, person_id: str, tab: str = "home") -> Acted:
        """Open a tab of the app: `home` or `messages`."""
        return await self._home_and_shortcuts.open_home(person_id, tab)

    async def shortcut(self, person_id: str, callback_id: str) -> Acted:
        """Use a global shortcut."""
        return await self._home_and_shortcuts.shortcut(person_id, callback_id)

    async def message_shortcut(self, person_id: str, callback_id: str, message_ts: str) -> Acted:
        """Use a message shortcut from a message's menu."""
        return await self._home_and_shortcuts.message_shortcut(person_id, callback_id, self._message(message_ts, None))

    async def deliver(self, parcel: Parcel) -> Delivery:
        """Deliver any payload, even one that Slack would never send. Over HTTP, it gets a valid signature."""
        return await self.courier.deliver(parcel)

    async def close(self) -> None:
        """Stop background work and subscriptions, and close the HTTP connections to the app."""
        await self.state.close()
        await self.post.close()

    def _message(self, ts: str | None, channel_id: str | None) -> Message:
        found = self.state.find_message(ts, channel_id) if ts else None
        if found is None:
            raise CannotAct("That message no longer exists.")
        return found

    def _view(self, view_id: str) -> View:
        found = self.state.find_view(view_id)
        if found is None:
            raise CannotAct("That view is no longer open.")
        return found


def _order(ts: str) -> tuple[int, int]:
    seconds, _, micros = ts.partition(".")
    return int(seconds), int(micros or 0)

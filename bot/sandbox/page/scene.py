"""What the page's templates show of the workspace to one person: people, conversations, names and paths."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.sandbox.workspace.installed import Shortcut
from bot.sandbox.workspace.model import Channel, Message, Person
from bot.sandbox.workspace.workspace import Workspace

from .render.directory import Directory


@dataclass(frozen=True, slots=True)
class Shown:
    """A person or the app, as the page shows them. `tag` marks guests and people of other workspaces."""

    id: str
    name: str
    title: str = ""
    about: str = ""
    is_bot: bool = False
    tag: str = ""


@dataclass(frozen=True, slots=True)
class ShownChannel:
    """A conversation, with the names that the sidebar and its header show."""

    id: str
    name: str
    shown_name: str
    topic: str
    purpose: str
    is_private: bool
    is_im: bool
    is_ext_shared: bool
    is_archived: bool


class Scene:
    """The workspace as one person sees it."""

    def __init__(self, workspace: Workspace, person: Person) -> None:
        self.workspace, self.person = workspace, person
        self.workspace_name = workspace.state.team_name
        self.app_name = workspace.app.name

    @property
    def me(self) -> Shown:
        return self.shown(self.person)

    @property
    def has_home(self) -> bool:
        """Return whether the person has the app's Home tab. People of other workspaces don't."""
        return self.workspace.app.home_tab and self.person.team_id == self.workspace.state.team_id

    @property
    def people(self) -> list[Shown]:
        """Return the people whom a visitor of the page can act as: everybody except bots and deactivated people."""
        return [self.shown(each) for each in self.workspace.people.values() if not each.is_bot and not each.deleted]

    @property
    def channels(self) -> list[ShownChannel]:
        return [self.channel(each) for each in self._mine() if not each.is_im]

    @property
    def direct(self) -> list[ShownChannel]:
        return [self.channel(each) for each in self._mine() if each.is_im]

    def shortcuts(self, kind: str) -> list[Shortcut]:
        """Return the app's shortcuts of one kind (`global` or `message`), for people of this workspace."""
        here = self.person.team_id == self.workspace.state.team_id
        return [each for each in self.workspace.app.shortcuts if here and each.type == kind]

    def directory(self) -> Directory:
        """Return the names for mentions. People see each other's real names."""
        people = {each.id: each.real_name for each in self.workspace.people.values()}
        channels = {each.id: each.name for each in self.workspace.channels.values() if self._sees(each)}
        groups = {each.id: each.handle for each in self.workspace.usergroups.values()}
        return Directory(people, channels, groups, self.person.id)

    def shown(self, person: Person) -> Shown:
        tag = "GUEST" if person.is_guest else "EXTERNAL" if person.team_id != self.workspace.state.team_id else ""
        return Shown(person.id, person.real_name or person.name, person.title, person.about, person.is_bot, tag)

    def author(self, message: Message) -> Shown:
        person = self.workspace.people.get(message.user_id)
        return self.shown(person) if person else Shown(message.user_id, message.user_id)

    def channel(self, channel: Channel) -> ShownChannel:
        return ShownChannel(
            id=channel.id,
            name=channel.name,
            shown_name=self.app_name if channel.is_im else channel.name,
            topic=channel.topic or channel.purpose,
            purpose=channel.purpose,
            is_private=channel.is_private,
            is_im=channel.is_im,
            is_ext_shared=channel.is_ext_shared,
            is_archived=channel.is_archived,
        )

    def members(self, channel: Channel) -> list[Shown]:
        people = self.workspace.people
        return [self.shown(people[each]) for each in channel.members if each in people and not people[each].is_bot]

    def place_for(self, person: Shown, place: str) -> str:
        """Return the path to show after switching to another person.

        This is the same place if it is in that person's sidebar, otherwise their first conversation.
        """
        other = Scene(self.workspace, self.workspace.people[person.id])
        if place == "home" and other.has_home:
            return "home"
        theirs = [each.id for each in other.channels] + [each.id for each in other.direct]
        return f"c/{place if place in theirs else next(iter(theirs), place)}"

    def why_no_composer(self, channel: Channel) -> str | None:
        """Return why the page shows this person no composer in a channel. None if it shows one."""
        if channel.is_archived:
            return "This channel is archived."
        if self.person.id not in channel.members:
            return "You aren't in this conversation."
        app = self.workspace.app
        if channel.is_im and app.messages_tab_read_only and app.bot_user_id in channel.members:
            return f"{app.name} writes to you here. Commands go into a channel."
        return None

    def first_place(self) -> str:
        channel = next(iter(self._mine()), None)
        return f"c/{channel.id}" if channel else "home"

    def _mine(self) -> Iterable[Channel]:
        return self.workspace.channels_of(self.person.id)

    def _sees(self, channel: Channel) -> bool:
        return not channel.is_im and self.workspace.state.can_see(self.person.id, channel.id)

"""Cached lookups of people, channels and user groups in Slack. Without its response, nothing is allowed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import structlog

from bot.core.concurrency.cache import Cache
from bot.core.facts import SlackFacts, SlackQuery
from bot.core.model import Channel, ChannelKind, Person, Subject
from bot.core.oncall import is_schedule
from bot.core.ports import OnCallSchedules
from bot.core.requests.incoming import Incoming
from bot.errors import Unavailable
from bot.slack.lookups._queries import Queries
from bot.slack.lookups.installation import Workspace
from bot.slack.outgoing.web_api import SlackCalls, SlackTrouble

CACHED_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)
Raw = Mapping[str, Any]
T = TypeVar("T")


class SlackDirectory:
    """Looks up people, channels, members and user groups in Slack, and caches them for a minute.

    Wherever it accepts user groups, it also accepts the keys of on-call schedules, which it looks up with `schedules`.
    """

    def __init__(
        self,
        calls: SlackCalls,
        workspace: Workspace,
        *,
        schedules: OnCallSchedules,
        seconds: float = CACHED_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queries = queries = Queries(calls, workspace)
        self._workspace = workspace
        self._schedules = schedules
        self._people: Cache[str, tuple[Person, bool]] = Cache(queries.person, seconds, now=now)
        self._channels: Cache[str, Channel] = Cache(queries.channel, seconds, now=now)
        self._inside: Cache[str, frozenset[str]] = Cache(queries.people_in, seconds, now=now)
        self._groups: Cache[str, frozenset[str] | None] = Cache(queries.people_of_group, seconds, now=now)

    async def subject(self, incoming: Incoming, *, usergroups: frozenset[str], fresh: bool = False) -> Subject:
        """Return the person who acts, with their channel and groups.

        With `fresh`, the person and the groups are looked up again. The channel may come from the cache.

        Raises:
            Unavailable: Slack didn't return the person or the channel. Then nothing is allowed.
        """
        subject = await self._look_up(incoming.user_id, incoming.channel_id, usergroups, fresh)
        if await self._comes_from_elsewhere(incoming):
            return replace(subject, person=replace(subject.person, is_stranger=True))
        return subject

    async def subject_of(self, user_id: str, channel_id: str, *, usergroups: frozenset[str]) -> Subject:
        """Return the subject for a person who isn't acting now. Raises Unavailable."""
        return await self._look_up(user_id, channel_id, usergroups, fresh=False)

    async def look_up(self, query: SlackQuery) -> SlackFacts:
        """Look up the facts for an authorization in parallel, without the cache. Raises nothing.

        Facts that Slack doesn't return are None or left out, and are removed from the cache.
        """
        people, groups = sorted(query.people), sorted(query.groups)
        channel, inside, found, members = await asyncio.gather(
            _or_none(self.channel(query.channel_id, fresh=True)),
            _or_none(self._inside.get(query.channel_id, fresh=True)) if query.members else _nothing(),
            asyncio.gather(*(_or_none(self._people.get(one, fresh=True)) for one in people)),
            asyncio.gather(*(self._members(group, fresh=True) for group in groups)),
        )
        known = {one: person[0] for one, person in zip(people, found, strict=True) if person}
        if (actor := query.actor) and (person := known.get(actor.user_id)) and await self._is_foreign(actor):
            known[actor.user_id] = replace(person, is_stranger=True)
        return SlackFacts(channel, inside, known, dict(zip(groups, members, strict=True)))

    async def _is_foreign(self, actor: Incoming) -> bool:
        return await _or_none(self._comes_from_elsewhere(actor)) is not False

    async def _look_up(self, user_id: str, channel_id: str, usergroups: frozenset[str], fresh: bool) -> Subject:
        if not (usergroups or fresh) and (found := self._cached_subject(user_id, channel_id)):
            return found
        names = sorted(usergroups)
        ((person, _), channel), members = await asyncio.gather(
            asyncio.gather(self._people.get(user_id, fresh=fresh), self._channel(channel_id)),
            asyncio.gather(*(self._members(group, fresh=fresh) for group in names)),
        )
        return Subject(person=person, channel=channel, groups=dict(zip(names, members, strict=True)))

    def _cached_subject(self, user_id: str, channel_id: str) -> Subject | None:
        """Return the subject if it is cached. This common case needs no task."""
        person, channel = self._people.peek(user_id), self._channels.peek(channel_id)
        return Subject(person[0], channel) if person and channel else None

    async def _comes_from_elsewhere(self, incoming: Incoming) -> bool:
        """Return True if the payload contains another team and the person isn't in the Enterprise organization."""
        team = incoming.user_team_id
        if not team:
            return False
        ours = await self._workspace.installation()
        if team in (ours.team_id, ours.enterprise_id):
            return False
        _, of_our_organization = await self._people.get(incoming.user_id)
        return not of_our_organization

    async def is_in(self, user_id: str, channel_id: str, *, fresh: bool = True) -> bool:
        """Return True if a person is a member of a channel. With `fresh=False`, the result may be a minute old.

        Raises:
            Unavailable: Slack doesn't return the members, or they are too many.
        """
        return user_id in await self._inside.get(channel_id, fresh=fresh)

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        """Return a channel or other conversation. Raises Unavailable."""
        return await self._channel(channel_id, fresh=fresh)

    async def members(self, groups: Iterable[str]) -> dict[str, frozenset[str] | None]:
        """Return the members of user groups. None for each group whose members aren't known."""
        return {group: await self._members(group, fresh=False) for group in groups}

    async def present(self, people: Iterable[str], *, enough: int) -> frozenset[str]:
        """Return up to `enough` of these people, without bots and deactivated or unknown accounts.

        Raises:
            Unavailable: Slack didn't return one of the people.
        """
        people_present: set[str] = set()
        for user_id in sorted(people):
            if len(people_present) == enough:
                break
            person, _ = await self._people.get(user_id)
            if person.team_id and not (person.is_bot or person.is_deactivated):
                people_present.add(user_id)
        return frozenset(people_present)

    async def channels_of(self, user_id: str) -> list[Channel]:
        """Return a person's public channels, and those of their private channels that the bot is in, too. Not cached.

        Archived channels are left out.

        Raises:
            Unavailable: Slack doesn't return them, or the person is in too many channels to read them all.
        """
        return await self._queries.channels_of(user_id)

    async def guests(self) -> frozenset[str] | None:
        """Return every active guest of the workspace. None if Slack doesn't return all people, or they are too many.

        Not cached. Raises Unavailable if the bot's own workspace isn't known yet and Slack doesn't respond.
        """
        return await self._queries.guests()

    async def inside(self, channel_id: str) -> frozenset[str]:
        """Return the members of a channel, up to a minute old. Empty if the bot can't see it. Raises Unavailable."""
        return await self._inside.get(channel_id)

    def forget(self, event: Raw) -> None:
        """Remove from the cache what an event has changed: a user group, a person or a channel."""
        kind, user, channel = event.get("type"), event.get("user"), event.get("channel")
        if kind in ("subteam_members_changed", "subteam_updated"):
            group = event.get("subteam_id") or (event.get("subteam") or {}).get("id")
            self._groups.forget(str(group))
        elif isinstance(kind, str) and kind.startswith("user_"):
            self._people.forget(str(user.get("id") if isinstance(user, dict) else user))
        elif isinstance(kind, str) and kind.startswith("channel_"):
            self._channels.forget(str(channel.get("id") if isinstance(channel, dict) else channel))

    async def _channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        if not channel_id or channel_id.startswith("D"):
            return Channel(id=channel_id, kind=ChannelKind.DM, is_private=True)
        channel = await self._channels.get(channel_id, fresh=fresh)
        if not channel.bot_is_member:
            self._channels.forget(channel_id)  # the bot may be added at any time, and the app isn't subscribed to that
        return channel

    async def _members(self, group: str, *, fresh: bool) -> frozenset[str] | None:
        """Return the members of a user group or schedule. None if they aren't known."""
        if is_schedule(group):
            return await self._schedules.members(group, fresh=fresh)
        try:
            return await self._groups.get(group, fresh=fresh)
        except (SlackTrouble, Unavailable) as error:
            why = error.code if isinstance(error, SlackTrouble) else error.cause
            log.warning("the members of a user group are not known", group=group, why=why)
            return None


async def _or_none(asked: Awaitable[T]) -> T | None:
    """Return the result of a query, or None if Slack doesn't return one."""
    try:
        return await asked
    except Unavailable:
        return None


async def _nothing() -> None:
    return None

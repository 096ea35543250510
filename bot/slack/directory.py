"""Who is this human, and where do they stand? Slack is asked by id; whatever it does not say is a no."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import structlog

from bot.core.cache import Cache
from bot.core.facts import Facts, Question
from bot.core.model import Channel, ChannelKind, Person, Subject
from bot.core.request import Incoming
from bot.core.text_cleaning import clean
from bot.errors import Unavailable
from bot.slack.installation import Installation, Workspace
from bot.slack.web_api import SlackCalls, SlackTrouble

CACHED_SECONDS: Final = 60.0
MEMBER_PAGES: Final = 20
PEOPLE_PAGES: Final = 5
SLACKBOT: Final = "USLACKBOT"
_NO_SUCH_PERSON: Final = frozenset({"user_not_found", "user_not_visible"})
_CANNOT_SEE: Final = frozenset({"channel_not_found", "not_in_channel", "method_not_supported_for_channel_type"})
_SETTLED: Final = frozenset({"plan_upgrade_required", "no_such_subteam", "missing_scope", "subteam_max_users_exceeded"})

log = structlog.get_logger(__name__)
Raw = Mapping[str, Any]
T = TypeVar("T")


class SlackDirectory:
    """Looks people, channels and user groups up, and keeps the answers for a minute."""

    def __init__(
        self,
        calls: SlackCalls,
        workspace: Workspace,
        *,
        seconds: float = CACHED_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = calls
        self._workspace = workspace
        self._people: Cache[str, tuple[Person, bool]] = Cache(self._load_person, seconds, now=now)
        self._channels: Cache[str, Channel] = Cache(self._load_channel, seconds, now=now)
        self._inside: Cache[str, frozenset[str]] = Cache(self._load_inside, seconds, now=now)
        self._groups: Cache[str, frozenset[str] | None] = Cache(self._load_group, seconds, now=now)

    async def subject(self, incoming: Incoming, *, usergroups: frozenset[str], fresh: bool = False) -> Subject:
        """Say who acts and where; `fresh` asks again for the person and the groups.

        Raises:
            Unavailable: Slack did not say who they are; then nothing is allowed.
        """
        subject = await self._look_up(incoming.user_id, incoming.channel_id, usergroups, fresh)
        if await self._comes_from_elsewhere(incoming):
            return replace(subject, person=replace(subject.person, is_stranger=True))
        return subject

    async def subject_of(self, user_id: str, channel_id: str, *, usergroups: frozenset[str]) -> Subject:
        """The same for somebody who is not here now. Raises Unavailable."""
        return await self._look_up(user_id, channel_id, usergroups, fresh=False)

    async def look(self, question: Question) -> Facts:
        """Ask Slack now, all at the same time, for what an authorization needs; never raises.

        What Slack does not say is missing from the answer, and no longer kept as a fact.
        """
        people, groups = sorted(question.people), sorted(question.groups)
        channel, inside, found, members = await asyncio.gather(
            _or_none(self.channel(question.channel_id, fresh=True)),
            _or_none(self._inside.get(question.channel_id, fresh=True)) if question.members else _nothing(),
            asyncio.gather(*(_or_none(self._people.get(one, fresh=True)) for one in people)),
            asyncio.gather(*(self._members(group, fresh=True) for group in groups)),
        )
        known = {one: person[0] for one, person in zip(people, found, strict=True) if person}
        if (actor := question.actor) and (person := known.get(actor.user_id)) and await self._is_foreign(actor):
            known[actor.user_id] = replace(person, is_stranger=True)
        return Facts(channel, inside, known, dict(zip(groups, members, strict=True)))

    async def _is_foreign(self, actor: Incoming) -> bool:
        return await _or_none(self._comes_from_elsewhere(actor)) is not False

    async def _look_up(self, user_id: str, channel_id: str, usergroups: frozenset[str], fresh: bool) -> Subject:
        if not (usergroups or fresh) and (found := self._held(user_id, channel_id)):
            return found
        names = sorted(usergroups)
        ((person, _), channel), members = await asyncio.gather(
            asyncio.gather(self._people.get(user_id, fresh=fresh), self._channel(channel_id)),
            asyncio.gather(*(self._members(group, fresh=fresh) for group in names)),
        )
        return Subject(person=person, channel=channel, groups=dict(zip(names, members, strict=True)))

    def _held(self, user_id: str, channel_id: str) -> Subject | None:
        """The usual case, in which nobody has to be asked and no task is needed."""
        person, channel = self._people.held(user_id), self._channels.held(channel_id)
        return Subject(person[0], channel) if person and channel else None

    async def _comes_from_elsewhere(self, incoming: Incoming) -> bool:
        """True when the payload names another team than ours, and no organization that we share explains it."""
        team = incoming.user_team_id
        if not team:
            return False
        ours = await self._workspace.installation()
        if team in (ours.team_id, ours.enterprise_id):
            return False
        _, of_our_organization = await self._people.get(incoming.user_id)
        return not of_our_organization

    async def is_in(self, user_id: str, channel_id: str, *, fresh: bool = True) -> bool:
        """True when Slack lists somebody among the members of a channel; `fresh=False`: or did a moment ago.

        Raises:
            Unavailable: Slack does not say.
        """
        return user_id in await self._inside.get(channel_id, fresh=fresh)

    async def channels_of(self, user_id: str) -> list[Channel]:
        """Ask now in which public channels somebody is, and in which private ones together with the bot.

        Raises:
            Unavailable: Slack does not say.
        """
        ours = await self._workspace.installation()
        asked = {
            "user": user_id,
            "types": "public_channel,private_channel",
            "exclude_archived": True,
            "limit": 999,
            "team_id": ours.team_id if ours.is_enterprise_install else None,
        }
        found: list[Channel] = []
        cursor: str | None = None
        for _ in range(MEMBER_PAGES):
            try:
                answer = await self._calls.call("users.conversations", {**asked, "cursor": cursor})
            except SlackTrouble:
                raise Unavailable("Slack does not say in which channels you are; try again in a moment.") from None
            listed = answer.get("channels")
            raw = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
            ids = _ids([one.get("id") for one in raw], of="users.conversations")
            found += [_channel(one["id"], one) for one in raw if one.get("id") in ids]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return found

    async def _load_inside(self, channel_id: str) -> frozenset[str]:
        found: set[str] = set()
        cursor: str | None = None
        for _ in range(MEMBER_PAGES):
            try:
                answer = await self._calls.call(
                    "conversations.members", {"channel": channel_id, "limit": 999, "cursor": cursor}
                )
            except SlackTrouble as trouble:
                if trouble.code in _CANNOT_SEE:
                    return frozenset()
                raise Unavailable("Slack does not say who is in that channel; try again in a moment.") from None
            found.update(_ids(answer.get("members"), of=channel_id))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return frozenset(found)

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        """Return a conversation as Slack describes it. Raises Unavailable."""
        return await self._channel(channel_id, fresh=fresh)

    async def members(self, groups: Iterable[str]) -> dict[str, frozenset[str] | None]:
        """Return the members of user groups; None for those that Slack does not tell."""
        return {group: await self._members(group, fresh=False) for group in groups}

    async def present(self, people: Iterable[str], *, enough: int) -> frozenset[str]:
        """Those of these people who can act, up to `enough`: no bots, and nobody who is deactivated or unknown.

        Raises:
            Unavailable: Slack did not say who somebody is.
        """
        found: set[str] = set()
        for user_id in sorted(people):
            if len(found) == enough:
                break
            person, _ = await self._people.get(user_id)
            if person.team_id and not (person.is_bot or person.is_deactivated):
                found.add(user_id)
        return frozenset(found)

    async def guests(self) -> frozenset[str] | None:
        """Every guest of the workspace; None: Slack does not say, or the workspace is too large to be read through."""
        found: set[str] = set()
        cursor: str | None = None
        ours = await self._workspace.installation()
        team = ours.team_id if ours.is_enterprise_install else None
        for _ in range(PEOPLE_PAGES):
            try:
                answer = await self._calls.call("users.list", {"limit": 999, "cursor": cursor, "team_id": team})
            except SlackTrouble:
                return None
            members = answer.get("members")
            people = [
                _person(one["id"], one, ours)
                for one in (members if isinstance(members, list) else ())
                if isinstance(one, dict) and _ids([one.get("id")], of="users.list")
            ]
            found.update(one.id for one in people if one.is_guest and not one.is_deactivated)
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return frozenset(found)
        return None

    async def inside(self, channel_id: str) -> frozenset[str]:
        """Everybody in a channel, as of a minute ago; empty where the bot is not. Raises Unavailable."""
        return await self._inside.get(channel_id)

    def forget(self, event: Raw) -> None:
        """Drop what an event says has changed: members of a user group, a person, a channel."""
        kind, user, channel = event.get("type"), event.get("user"), event.get("channel")
        if kind in ("subteam_members_changed", "subteam_updated"):
            group = event.get("subteam_id") or (event.get("subteam") or {}).get("id")
            self._groups.forget(str(group))
        elif isinstance(kind, str) and kind.startswith("user_"):
            self._people.forget(str(user.get("id") if isinstance(user, dict) else user))
        elif isinstance(kind, str) and kind.startswith("channel_"):
            self._channels.forget(str(channel.get("id") if isinstance(channel, dict) else channel))

    async def _load_person(self, user_id: str) -> tuple[Person, bool]:
        ours = await self._workspace.installation()
        try:
            answer = await self._calls.call("users.info", {"user": user_id})
        except SlackTrouble as trouble:
            if trouble.code in _NO_SUCH_PERSON:
                return Person(id=user_id, team_id="", is_stranger=True), False
            raise Unavailable(
                f"Slack did not say who you are ({trouble.code}), so nothing is allowed now; try again."
            ) from None
        user = answer.get("user")
        if not isinstance(user, dict) or user.get("id", user_id) != user_id:
            raise Unavailable("Slack did not say who you are, so nothing is allowed now; try again.")
        return _person(user_id, user, ours), _of_our_organization(user, ours)

    async def _channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        if not channel_id or channel_id.startswith("D"):
            return Channel(id=channel_id, kind=ChannelKind.DM, is_private=True)
        found = await self._channels.get(channel_id, fresh=fresh)
        if not found.bot_is_member:
            self._channels.forget(channel_id)  # we may be invited in a moment, and no event says so
        return found

    async def _load_channel(self, channel_id: str) -> Channel:
        try:
            answer = await self._calls.call("conversations.info", {"channel": channel_id})
        except SlackTrouble as trouble:
            if trouble.code == "missing_scope":  # the one kind of conversation that our scopes leave out
                return Channel(id=channel_id, kind=ChannelKind.GROUP_DM, is_private=True, bot_is_member=False)
            if trouble.code in _CANNOT_SEE:
                return unseen_channel(channel_id)
            raise Unavailable(
                f"Slack did not say what this channel is ({trouble.code}), so nothing is allowed now; try again."
            ) from None
        found = answer.get("channel")
        return _channel(channel_id, found) if isinstance(found, dict) else unseen_channel(channel_id)

    async def _members(self, group: str, *, fresh: bool) -> frozenset[str] | None:
        """Members of a user group; None when Slack does not say, and then nobody counts as a member."""
        try:
            return await self._groups.get(group, fresh=fresh)
        except SlackTrouble as trouble:
            log.warning("the members of a user group are not known", group=group, why=trouble.code)
            return None

    async def _load_group(self, group: str) -> frozenset[str] | None:
        ours = await self._workspace.installation()
        team = ours.team_id if ours.is_enterprise_install else None
        try:
            answer = await self._calls.call("usergroups.users.list", {"usergroup": group, "team_id": team})
        except SlackTrouble as trouble:
            if trouble.code in _SETTLED:
                log.warning("a user group cannot be read", group=group, why=trouble.code)
                return None
            raise
        users = answer.get("users")
        return frozenset(_ids(users, of=group)) if isinstance(users, list) else None


async def _or_none(asked: Awaitable[T]) -> T | None:
    """Return what Slack says; None when it does not."""
    try:
        return await asked
    except Unavailable:
        return None


async def _nothing() -> None:
    return None


def unseen_channel(channel_id: str) -> Channel:
    """A private channel that the bot is not in. Slack does not say whether it is shared, so it counts as shared."""
    return Channel(id=channel_id, is_private=True, is_ext_shared=True, bot_is_member=False)


def _ids(found: object, *, of: str) -> list[str]:
    """Return the ids of a list of Slack's; what is none is left out, and the log names the list."""
    entries = found if isinstance(found, list) else []
    ids = [one for one in entries if isinstance(one, str) and one]
    if len(ids) < len(entries) or (found is not None and not isinstance(found, list)):
        log.warning("slack.left_out", of=of, count=max(1, len(entries) - len(ids)))
    return ids


def _person(user_id: str, user: Raw, ours: Installation) -> Person:
    profile = user.get("profile") if isinstance(user.get("profile"), dict) else {}
    assert isinstance(profile, dict)
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name") or ""
    return Person(
        id=user_id,
        team_id=str(user.get("team_id") or ""),
        name=clean(str(name)),
        tz=str(user.get("tz") or "UTC"),
        is_bot=user_id == SLACKBOT or _any_flag(user, "is_bot", "is_app_user", "is_workflow_bot"),
        is_guest=_any_flag(user, "is_restricted", "is_ultra_restricted"),
        is_stranger=_any_flag(user, "is_stranger") or not _is_ours(user, ours),
        is_deactivated=_any_flag(user, "deleted", "is_invited_user"),
        enterprise_user_id=_enterprise_user_id(user),
    )


def _enterprise_user_id(user: Raw) -> str:
    enterprise = user.get("enterprise_user")
    found = enterprise.get("id") if isinstance(enterprise, dict) else None
    return found if isinstance(found, str) else ""


def _is_ours(user: Raw, ours: Installation) -> bool:
    """Of the workspace that the bot is installed in, or of the organization that it belongs to."""
    return user.get("team_id") in (ours.team_id, ours.enterprise_id or ours.team_id) or _of_our_organization(user, ours)


def _of_our_organization(user: Raw, ours: Installation) -> bool:
    enterprise = user.get("enterprise_user")
    if not ours.enterprise_id or not isinstance(enterprise, dict):
        return False
    return enterprise.get("enterprise_id") == ours.enterprise_id


def _channel(channel_id: str, found: Raw) -> Channel:
    kind = ChannelKind.CHANNEL
    if found.get("is_im"):
        kind = ChannelKind.DM
    elif found.get("is_mpim"):
        kind = ChannelKind.GROUP_DM
    return Channel(
        id=channel_id,
        kind=kind,
        name=clean(str(found.get("name") or "")),
        is_private=_any_flag(found, "is_private"),
        is_ext_shared=_any_flag(found, "is_ext_shared", "is_pending_ext_shared"),
        is_archived=_any_flag(found, "is_archived"),
        bot_is_member=found.get("is_member", True) is True,
    )


def _any_flag(found: Raw, *names: str) -> bool:
    """Return True when one of some flags that take rights away is set, or cannot be read.

    Slack leaves out flags that do not apply, so an absent one is not set; null, or anything but true and false, could
    mean either.
    """
    odd = [name for name in names if not isinstance(found.get(name, False), bool)]
    if odd:
        log.warning("slack.left_out", of="the flags of a person or a channel", flags=odd)
    return bool(odd) or any(found.get(name, False) for name in names)

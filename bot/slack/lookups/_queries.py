"""Queries of people, channels and user groups to Slack's Web API."""

from typing import Final

import structlog

from bot.core.model import Channel, ChannelKind, Person
from bot.errors import Unavailable
from bot.slack.lookups._records import channel_of, ids, is_of_our_organization, person_of, unseen_channel
from bot.slack.lookups.installation import Workspace
from bot.slack.outgoing.answer_shapes import next_cursor
from bot.slack.outgoing.web_api import SlackCalls, SlackTrouble

PER_PAGE: Final = 999
MEMBER_PAGES: Final = 20
"""The maximum number of pages of a channel's members or a person's channels. A longer list counts as unknown."""
PEOPLE_PAGES: Final = 5
_NO_SUCH_PERSON: Final = frozenset({"user_not_found", "user_not_visible"})
_CANNOT_SEE: Final = frozenset({"channel_not_found", "not_in_channel", "method_not_supported_for_channel_type"})
_SETTLED: Final = frozenset({"plan_upgrade_required", "no_such_subteam", "missing_scope", "subteam_max_users_exceeded"})

log = structlog.get_logger(__name__)


class Queries:
    """Queries Slack without a cache."""

    def __init__(self, calls: SlackCalls, workspace: Workspace) -> None:
        self._calls = calls
        self._workspace = workspace

    async def person(self, user_id: str) -> tuple[Person, bool]:
        """Return a person, and whether they belong to the workspace's Enterprise organization. Raises Unavailable.

        A person whom Slack doesn't know, or doesn't show to the bot, counts as a stranger.
        """
        ours = await self._workspace.installation()
        try:
            answer = await self._calls.call("users.info", {"user": user_id})
        except SlackTrouble as trouble:
            if trouble.code in _NO_SUCH_PERSON:
                return Person(id=user_id, team_id="", is_stranger=True), False
            raise Unavailable(
                f"I couldn't look you up in Slack ({trouble.code}), so I did nothing. Try again in a moment."
            ) from None
        user = answer["user"]
        if user.get("id", user_id) != user_id:
            raise Unavailable("I couldn't look you up in Slack, so I did nothing. Try again in a moment.")
        return person_of(user_id, user, ours), is_of_our_organization(user, ours)

    async def channel(self, channel_id: str) -> Channel:
        """Return a channel. Raises Unavailable.

        A channel that the bot can't see counts as private and shared. A conversation for which the bot has no scope
        counts as a group DM.
        """
        try:
            answer = await self._calls.call("conversations.info", {"channel": channel_id})
        except SlackTrouble as trouble:
            if trouble.code == "missing_scope":  # only group DMs need another scope
                return Channel(id=channel_id, kind=ChannelKind.GROUP_DM, is_private=True, bot_is_member=False)
            if trouble.code in _CANNOT_SEE:
                return unseen_channel(channel_id)
            raise Unavailable(
                f"I couldn't look up this channel in Slack ({trouble.code}), so I did nothing. Try again in a moment."
            ) from None
        return channel_of(channel_id, answer["channel"])

    async def people_in(self, channel_id: str) -> frozenset[str]:
        """Return the members of a channel. Empty for a channel that the bot can't see.

        Raises:
            Unavailable: Slack doesn't return them, or the channel has too many members to read them all.
        """
        people: set[str] = set()
        cursor: str | None = None
        for _ in range(MEMBER_PAGES):
            try:
                answer = await self._calls.call(
                    "conversations.members", {"channel": channel_id, "limit": PER_PAGE, "cursor": cursor}
                )
            except SlackTrouble as trouble:
                if trouble.code in _CANNOT_SEE:
                    return frozenset()
                raise Unavailable(
                    "I couldn't look up that channel's members in Slack. Try again in a moment."
                ) from None
            people.update(ids(answer["members"], of=channel_id))
            cursor = next_cursor(answer)
            if not cursor:
                return frozenset(people)
        log.warning("a channel has too many members to read them all", channel=channel_id)
        raise Unavailable(
            f"This channel has more than {MEMBER_PAGES * PER_PAGE:,} members, so I can't tell who is in it. "
            "Use a smaller channel."
        )

    async def channels_of(self, user_id: str) -> list[Channel]:
        """Return a person's public channels, and those of their private channels that the bot is in, too.

        Archived channels are left out.

        Raises:
            Unavailable: Slack doesn't return them, or the person is in too many channels to read them all.
        """
        ours = await self._workspace.installation()
        asked = {
            "user": user_id,
            "types": "public_channel,private_channel",
            "exclude_archived": True,
            "limit": PER_PAGE,
            "team_id": ours.team_id if ours.is_enterprise_install else None,
        }
        channels: list[Channel] = []
        cursor: str | None = None
        for _ in range(MEMBER_PAGES):
            try:
                answer = await self._calls.call("users.conversations", {**asked, "cursor": cursor})
            except SlackTrouble:
                raise Unavailable("I couldn't look up your channels in Slack. Try again in a moment.") from None
            raw = [one for one in answer["channels"] if isinstance(one, dict)]
            known = ids([one.get("id") for one in raw], of="users.conversations")
            channels += [channel_of(one["id"], one) for one in raw if one.get("id") in known]
            cursor = next_cursor(answer)
            if not cursor:
                return channels
        raise Unavailable("You are in more channels than I can read.")

    async def people_of_group(self, group: str) -> frozenset[str] | None:
        """Return the members of a user group, or None if Slack refuses to return them.

        Raises:
            SlackTrouble: the call failed in another way.
            Unavailable: the bot's own workspace isn't known yet, and Slack doesn't respond.
        """
        ours = await self._workspace.installation()
        team = ours.team_id if ours.is_enterprise_install else None
        try:
            answer = await self._calls.call("usergroups.users.list", {"usergroup": group, "team_id": team})
        except SlackTrouble as trouble:
            if trouble.code in _SETTLED:
                log.warning("a user group cannot be read", group=group, why=trouble.code)
                return None
            raise
        return frozenset(ids(answer["users"], of=group))

    async def guests(self) -> frozenset[str] | None:
        """Return every active guest of the workspace. None if Slack doesn't return all people, or they are too many.

        Raises:
            Unavailable: the bot's own workspace isn't known yet, and Slack doesn't respond.
        """
        found: set[str] = set()
        cursor: str | None = None
        ours = await self._workspace.installation()
        team = ours.team_id if ours.is_enterprise_install else None
        for _ in range(PEOPLE_PAGES):
            try:
                answer = await self._calls.call("users.list", {"limit": PER_PAGE, "cursor": cursor, "team_id": team})
            except SlackTrouble:
                return None
            people = [
                person_of(one["id"], one, ours)
                for one in answer["members"]
                if isinstance(one, dict) and ids([one.get("id")], of="users.list")
            ]
            found.update(one.id for one in people if one.is_guest and not one.is_deactivated)
            cursor = next_cursor(answer)
            if not cursor:
                return frozenset(found)
        return None

"""Facts about people, channels and groups, from Slack. What Slack doesn't return never gives anyone permissions."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from bot.core.facts import SlackQuery
from bot.core.model import Channel, ChannelKind, Person, Subject
from bot.core.requests.incoming import Incoming, Kind
from bot.errors import Unavailable
from bot.oncall import Schedules
from bot.slack.lookups.directory import SlackDirectory
from bot.slack.lookups.installation import Workspace

from .conftest import FixedClock, Gateway
from .requests import event
from .stub import limited, refused

NOBODY: frozenset[str] = frozenset()


def incoming(user: str = "U0ANA", channel: str = "C0DBOPS", team: str | None = None) -> Incoming:
    return Incoming(
        id="i-1", key="k", kind=Kind.COMMAND, at=FixedClock().now(), user_id=user, channel_id=channel, user_team_id=team
    )


async def person(gateway: Gateway, user: str, team: str | None = None) -> Person:
    return (await gateway.directory.subject(incoming(user, team=team), usergroups=NOBODY)).person


async def test_the_facts_about_a_member_are_read(gateway: Gateway) -> None:
    subject = await gateway.directory.subject(incoming(team="T0ACME"), usergroups=frozenset({"S0DBA"}))
    assert subject == Subject(
        person=Person(id="U0ANA", team_id="T0ACME", name="ana", tz="Europe/Berlin"),
        channel=subject.channel,
        groups={"S0DBA": frozenset({"U0ANA"})},
    )
    assert (subject.channel.name, subject.channel.bot_is_member) == ("db-ops", True)


@pytest.mark.parametrize(
    ("user", "flag"),
    [
        ("U0GUEST", "is_guest"),
        ("U0AWAY", "is_stranger"),
        ("U0LEFT", "is_deactivated"),
        ("U0INVITED", "is_deactivated"),
        ("U0ROBOT", "is_bot"),
        ("U0FLOW", "is_bot"),
        ("USLACKBOT", "is_bot"),
        ("U0NOBODY", "is_stranger"),
    ],
)
async def test_a_person_who_is_not_a_full_member_is_recognized(gateway: Gateway, user: str, flag: str) -> None:
    found = await person(gateway, user)
    flags = ("is_guest", "is_stranger", "is_deactivated", "is_bot")
    assert {name for name in flags if getattr(found, name)} == {flag}


@pytest.mark.parametrize("odd", [None, "yes", 0, []], ids=repr)
@pytest.mark.parametrize(
    ("flag", "means"),
    [
        ("is_restricted", "is_guest"),
        ("is_ultra_restricted", "is_guest"),
        ("is_stranger", "is_stranger"),
        ("deleted", "is_deactivated"),
        ("is_bot", "is_bot"),
    ],
)
async def test_a_flag_of_a_person_that_cannot_be_read_counts_as_the_value_with_fewer_rights(
    gateway: Gateway, flag: str, means: str, odd: object
) -> None:
    gateway.slack.always["users.info"] = {"ok": True, "user": {"id": "U0ANA", "team_id": "T0ACME", flag: odd}}
    assert getattr(await person(gateway, "U0ANA"), means)


@pytest.mark.parametrize("odd", [None, "no", 0, []], ids=repr)
@pytest.mark.parametrize(
    ("flag", "means", "careful"),
    [
        ("is_ext_shared", "is_ext_shared", True),
        ("is_pending_ext_shared", "is_ext_shared", True),
        ("is_archived", "is_archived", True),
        ("is_private", "is_private", True),
        ("is_member", "bot_is_member", False),
    ],
)
async def test_a_flag_of_a_channel_that_cannot_be_read_counts_as_the_value_with_fewer_rights(
    gateway: Gateway, flag: str, means: str, careful: bool, odd: object
) -> None:
    gateway.slack.always["conversations.info"] = {
        "ok": True,
        "channel": {"id": "C0DBOPS", "is_member": True, flag: odd},
    }
    found = (await gateway.directory.subject(incoming(), usergroups=NOBODY)).channel
    assert getattr(found, means) is careful


async def test_a_person_is_an_outsider_if_the_payload_has_another_team(gateway: Gateway) -> None:
    assert (await person(gateway, "U0ANA", team="T0OTHER")).is_stranger
    assert not (await person(gateway, "U0ANA", team="T0ACME")).is_stranger
    assert not (await person(gateway, "U0ANA", team="E0ACME")).is_stranger


async def test_a_person_of_another_workspace_of_the_organization_is_not_an_outsider(gateway: Gateway) -> None:
    assert not (await person(gateway, "W0GRID", team="T0SISTER")).is_stranger


async def test_a_person_without_a_team_is_an_outsider(gateway: Gateway) -> None:
    gateway.slack.answers["users.info"] = [{"ok": True, "user": {"id": "U0ANA"}}]
    assert (await person(gateway, "U0ANA")).is_stranger


@pytest.mark.parametrize("code", ["invalid_auth", "fatal_error", "missing_scope"])
async def test_a_person_whom_slack_does_not_return_raises_unavailable(gateway: Gateway, code: str) -> None:
    gateway.slack.always["users.info"] = refused(code)
    with pytest.raises(Unavailable, match="so I did nothing"):
        await person(gateway, "U0ANA")


async def test_an_answer_about_another_person_raises_unavailable(gateway: Gateway) -> None:
    gateway.slack.answers["users.info"] = [{"ok": True, "user": {"id": "U0BEN", "team_id": "T0ACME"}}]
    with pytest.raises(Unavailable):
        await person(gateway, "U0ANA")


async def test_the_facts_about_channels_are_read(gateway: Gateway) -> None:
    async def channel(channel_id: str) -> Channel:
        return (await gateway.directory.subject(incoming(channel=channel_id), usergroups=NOBODY)).channel

    assert await channel("C0DBOPS") == Channel(id="C0DBOPS", name="db-ops")
    assert (await channel("C0SHARED")).is_ext_shared
    assert (await channel("C0PENDING")).is_ext_shared
    assert not (await channel("C0UNJOINED")).bot_is_member
    assert (await channel("G0TALK")).kind is ChannelKind.GROUP_DM


async def test_a_private_channel_without_the_bot_counts_as_shared(gateway: Gateway) -> None:
    found = (await gateway.directory.subject(incoming(channel="C0SECRET"), usergroups=NOBODY)).channel
    assert (found.is_private, found.is_ext_shared, found.bot_is_member) == (True, True, False)


async def test_a_direct_message_and_home_are_not_looked_up(gateway: Gateway) -> None:
    for channel_id in ("D0ANA", ""):
        found = (await gateway.directory.subject(incoming(channel=channel_id), usergroups=NOBODY)).channel
        assert found.kind is ChannelKind.DM
    assert gateway.slack.of("conversations.info") == []


async def test_a_conversation_for_which_the_bot_has_no_scope_counts_as_a_group_dm(gateway: Gateway) -> None:
    gateway.slack.always["conversations.info"] = refused("missing_scope")
    found = (await gateway.directory.subject(incoming(channel="C0MPIM"), usergroups=NOBODY)).channel
    assert found == Channel(id="C0MPIM", kind=ChannelKind.GROUP_DM, is_private=True, bot_is_member=False)


@pytest.mark.parametrize("code", ["invalid_auth", "fatal_error", "service_unavailable"])
async def test_a_channel_that_cannot_be_looked_up_raises_unavailable(gateway: Gateway, code: str) -> None:
    gateway.slack.always["conversations.info"] = refused(code)
    with pytest.raises(Unavailable, match=rf"look up this channel in Slack \({code}\), so I did nothing"):
        await gateway.directory.channel("C0DBOPS")


@pytest.mark.parametrize("code", ["plan_upgrade_required", "no_such_subteam", "fatal_error", "invalid_auth"])
async def test_a_user_group_that_cannot_be_read_is_unknown(gateway: Gateway, code: str) -> None:
    gateway.slack.always["usergroups.users.list"] = refused(code)
    subject = await gateway.directory.subject(incoming(), usergroups=frozenset({"S0DBA"}))
    assert subject.groups == {"S0DBA": None}


async def test_facts_are_cached_for_a_minute_unless_fresh_ones_are_requested(gateway: Gateway) -> None:
    now = 0.0
    directory = SlackDirectory(gateway.calls, gateway.workspace, schedules=Schedules([], dict), now=lambda: now)
    groups = frozenset({"S0DBA"})
    for _ in range(3):
        await directory.subject(incoming(), usergroups=groups)
    assert sorted(gateway.slack.methods()) == ["conversations.info", "usergroups.users.list", "users.info"]
    gateway.slack.calls.clear()
    await directory.subject(incoming(), usergroups=groups, fresh=True)
    assert sorted(gateway.slack.methods()) == ["usergroups.users.list", "users.info"]
    gateway.slack.calls.clear()
    now = 59.0
    await directory.subject(incoming(), usergroups=groups)
    assert gateway.slack.calls == []
    now = 61.0
    await directory.subject(incoming(), usergroups=groups)
    assert len(gateway.slack.calls) == 3


async def test_an_authorization_looks_up_every_fact_again(gateway: Gateway) -> None:
    groups = frozenset({"S0DBA"})
    gateway.slack.always["conversations.members"] = {"ok": True, "members": ["U0ANA", "U0BEN"]}
    await gateway.directory.subject(incoming(), usergroups=groups)
    await gateway.directory.inside("C0DBOPS")
    gateway.slack.calls.clear()

    query = SlackQuery("C0DBOPS", frozenset({"U0ANA"}), groups, members=True, actor=incoming(team="T0OTHER"))
    facts = await gateway.directory.look_up(query)

    assert sorted(gateway.slack.methods()) == [
        "conversations.info",
        "conversations.members",
        "usergroups.users.list",
        "users.info",
    ]
    assert facts.channel == Channel(id="C0DBOPS", name="db-ops")
    assert facts.channel_members == frozenset({"U0ANA", "U0BEN"})
    assert facts.groups == {"S0DBA": frozenset({"U0ANA"})}
    assert facts.people["U0ANA"].is_stranger, "the payload of the person who acts has another team"


async def test_fifty_simultaneous_readers_share_one_call_of_each_method(gateway: Gateway) -> None:
    subjects = [gateway.directory.subject(incoming(), usergroups=frozenset({"S0DBA"})) for _ in range(50)]
    await asyncio.gather(*subjects)
    assert len(gateway.slack.calls) == 3


async def test_a_failed_call_is_not_cached(gateway: Gateway) -> None:
    gateway.slack.answers["users.info"] = [refused("account_inactive")]
    with pytest.raises(Unavailable):
        await person(gateway, "U0ANA")
    assert (await person(gateway, "U0ANA")).name == "ana"


async def test_a_cancelled_reader_does_not_cancel_the_call_for_other_readers(gateway: Gateway) -> None:
    first = asyncio.create_task(person(gateway, "U0ANA"))
    second = asyncio.create_task(person(gateway, "U0ANA"))
    while not gateway.slack.of("users.info"):
        await asyncio.sleep(0)
    first.cancel()
    assert (await second).name == "ana"
    assert first.cancelled()
    assert len(gateway.slack.of("users.info")) == 1


async def test_an_event_removes_outdated_facts_from_the_cache(gateway: Gateway) -> None:
    groups = frozenset({"S0DBA"})
    await gateway.directory.subject(incoming(), usergroups=groups)
    gateway.slack.calls.clear()
    await gateway.event(event("subteam_members_changed", subteam_id="S0DBA", added_users=["U1"]))
    await gateway.directory.subject(incoming(), usergroups=groups)
    assert gateway.slack.methods() == ["usergroups.users.list"]
    gateway.slack.calls.clear()
    await gateway.event(event("user_change", user={"id": "U0ANA"}))
    await gateway.event(event("channel_shared", channel="C0DBOPS"))
    await gateway.directory.subject(incoming(), usergroups=groups)
    assert sorted(gateway.slack.methods()) == ["conversations.info", "users.info"]


async def test_a_lookup_is_repeated_after_a_rate_limit(gateway: Gateway) -> None:
    gateway.slack.answers["users.info"] = [limited(), limited()]
    assert (await person(gateway, "U0ANA")).name == "ana"
    assert gateway.seen.count(("users.info", "ratelimited")) == 2


async def test_the_installation_is_read_once_for_many_readers(gateway: Gateway) -> None:
    workspace = Workspace(gateway.calls)
    found = await asyncio.gather(*(workspace.installation() for _ in range(20)))
    assert {one.team_id for one in found} == {"T0ACME"}
    assert gateway.slack.methods() == ["auth.test"]
    assert found[0].scopes == {"commands", "chat:write"}


async def test_a_failed_read_of_the_installation_raises_unavailable_and_is_repeated(gateway: Gateway) -> None:
    workspace = Workspace(gateway.calls)
    gateway.slack.answers["auth.test"] = [refused("invalid_auth")]
    with pytest.raises(Unavailable, match="invalid_auth"):
        await workspace.installation()
    assert (await workspace.installation()).bot_user_id == "U0BOT"


@pytest.mark.parametrize("date", ["Sat, 28 Nov 2026 10:00:00", "Sat, 28 Nov 2026 10:00:00 -0000", "yesterday"])
async def test_the_installation_is_known_even_if_the_date_of_the_answer_cannot_be_read(
    gateway: Gateway, date: str
) -> None:
    body = {"ok": True, "team_id": "T0ACME", "user_id": "U0BOT"}
    gateway.slack.answers["auth.test"] = [web.json_response(body, headers={"Date": date})]
    found = await Workspace(gateway.calls).installation()
    assert (found.bot_user_id, found.clock_is_ahead) == ("U0BOT", None)


async def test_members_are_read_from_every_page(gateway: Gateway) -> None:
    gateway.slack.answers["conversations.members"] = [
        {"ok": True, "members": ["U0ANA"], "response_metadata": {"next_cursor": "more"}},
        {"ok": True, "members": ["U0BEN"], "response_metadata": {"next_cursor": ""}},
    ]
    assert await gateway.directory.is_in("U0BEN", "C0DBOPS")
    assert [call.get("cursor") for call in gateway.slack.of("conversations.members")] == [None, "more"]


async def test_a_channel_that_slack_does_not_return_has_no_members(gateway: Gateway) -> None:
    gateway.slack.always["conversations.members"] = refused("channel_not_found")
    assert not await gateway.directory.is_in("U0BEN", "C0DBOPS")


async def test_membership_is_not_guessed_when_slack_does_not_return_the_members(gateway: Gateway) -> None:
    gateway.slack.always["conversations.members"] = refused("internal_error")
    with pytest.raises(Unavailable, match="that channel's members"):
        await gateway.directory.is_in("U0BEN", "C0DBOPS")


async def test_the_members_of_a_channel_that_has_too_many_to_read_are_unknown(gateway: Gateway) -> None:
    more = {"response_metadata": {"next_cursor": "more"}}
    gateway.slack.always["conversations.members"] = {"ok": True, "members": ["U0ANA"], **more}

    with pytest.raises(Unavailable, match="more than 19,980 members"):
        await gateway.directory.inside("C0DBOPS")
    facts = await gateway.directory.look_up(SlackQuery("C0DBOPS", frozenset(), members=True))

    assert facts.channel_members is None


async def test_the_channels_of_a_person_who_is_in_too_many_to_read_are_unknown(gateway: Gateway) -> None:
    more = {"response_metadata": {"next_cursor": "more"}}
    gateway.slack.always["users.conversations"] = {"ok": True, "channels": [{"id": "C0DBOPS"}], **more}

    with pytest.raises(Unavailable, match="more channels"):
        await gateway.directory.channels_of("U0ANA")


async def test_guests_are_the_active_ones_of_every_page(gateway: Gateway) -> None:
    guest = {"team_id": "T0ACME", "is_restricted": True}
    gateway.slack.answers["users.list"] = [
        {"ok": True, "members": [{"id": "U0A", **guest}, {"id": "U0LEFT", **guest, "deleted": True}],
         "response_metadata": {"next_cursor": "more"}},
        {"ok": True, "members": [{"id": "U0B", **guest}, {"id": "U0ANA", "team_id": "T0ACME"}]},
    ]  # fmt: skip
    assert await gateway.directory.guests() == frozenset({"U0A", "U0B"})


@pytest.mark.parametrize(
    "answer",
    [refused("fatal_error"), {"ok": True, "members": [], "response_metadata": {"next_cursor": "more"}}],
    ids=["an error", "too many pages"],
)
async def test_guests_are_unknown_unless_slack_returns_everybody(gateway: Gateway, answer: dict[str, Any]) -> None:
    gateway.slack.always["users.list"] = answer
    assert await gateway.directory.guests() is None


async def test_groups_are_unknown_while_the_workspace_cannot_be_read(gateway: Gateway) -> None:
    gateway.slack.always["auth.test"] = refused("internal_error")
    directory = SlackDirectory(gateway.calls, Workspace(gateway.calls), schedules=Schedules([], dict))

    assert (await directory.look_up(SlackQuery("C0DBOPS", frozenset(), frozenset({"S0DBA"})))).groups == {"S0DBA": None}
    assert await directory.members(["S0DBA"]) == {"S0DBA": None}

"""A channel shows only its own databases. The policy can keep answers private, and name guests and outsiders."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.core.requests.request import State
from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.policies import NAMED_PEOPLE
from tests.world import ANA, BEN, DANA, DB_OPS, GIL, ORDERS, REMY, SHARED, STELLA, World, buttons, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the sandbox with a policy that names guests and outsiders and keeps answers private.

    A database outside #team-orders has an active token.
    """
    data = tmp_path_factory.mktemp("world")
    policy = data / "policy.yaml"
    policy.write_text(NAMED_PEOPLE)
    async with checked_sandbox(data, policy=policy) as found:
        await found.create_databases("mine-one", "mine-two", "theirs-one", "loud-one")
        card = await found.person(DANA).types("/turso token theirs-one --reason work")
        await found.person(ANA).presses_and_reads("Approve", card)
        ready = await found.wait_for_content(card, button="Reveal")
        await found.person(DANA).presses_and_reads("Reveal", ready)
        yield found


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ls", "2 databases in this channel"),
        ("usage", "2 databases in this channel"),
        ("usage --top 50", "2 databases in this channel"),
        ("tokens", "No active tokens for this channel's databases"),
        ("requests", "No open requests in this channel"),
        ("audit", "Audit log"),
        ("digest now", "2 databases"),
    ],
)
async def test_every_reading_command_shows_only_the_databases_of_the_channel(
    world: World, line: str, says: str
) -> None:
    await world.person(DANA).types("/turso rotate theirs-one --reason leak")
    await world.wait_until_idle()

    answer = await world.person(DANA).types(f"/turso {line}", ORDERS)

    assert says in words(answer)
    assert "theirs-one" not in words(answer)
    assert "users" not in words(answer).replace("usergroup", "")


@pytest.mark.parametrize("line", ["show theirs-one", "usage theirs-one", "triage theirs-one", "tokens theirs-one"])
async def test_a_command_about_a_database_outside_the_channel_is_refused_privately(world: World, line: str) -> None:
    answer = await world.person(DANA).types(f"/turso {line}", ORDERS)

    assert answer.only_for == DANA
    assert "`theirs-one` isn't one of this channel's databases" in words(answer)


async def test_suggestions_name_only_what_the_requester_may_see(world: World) -> None:
    here = await world.person(DANA).types("/turso show mine-onee", ORDERS)
    there = await world.person(DANA).types("/turso show theirs-onee", ORDERS)

    assert "`mine-one`" in words(here)
    assert "`theirs-one`" not in words(there)


async def test_the_answer_to_an_unknown_command_or_option_suggests_the_nearest(world: World) -> None:
    command = await world.person(DANA).types("/turso shwo mine-one")
    option = await world.person(DANA).types("/turso token mine-one --read-onyl")

    assert "`show`" in words(command)
    assert "`--read-only`" in words(option)
    assert command.only_for == option.only_for == DANA


async def test_a_channel_with_private_answers_keeps_them_private_unless_a_rule_says_otherwise(
    world: World,
) -> None:
    quiet = await world.person(DANA).types("/turso show mine-one")
    loud = await world.person(DANA).types("/turso show loud-one")

    assert quiet.only_for == DANA
    assert not loud.only_for


async def test_the_flag_private_shows_the_answer_only_to_the_requester(world: World) -> None:
    open_to_all = await world.person(DANA).types("/turso ls", ORDERS)
    private = await world.person(DANA).types("/turso ls --private", ORDERS)

    assert not open_to_all.only_for
    assert private.only_for == DANA


async def test_help_lists_what_a_person_may_do_here_and_nothing_else(world: World) -> None:
    here = words(await world.person(DANA).types("/turso help", ORDERS))

    assert "db show NAME" in here
    assert "rotate NAME" in here
    assert "db create" not in here
    assert "freeze" not in here


async def test_a_guest_in_a_rule_can_do_only_what_rules_allow(world: World) -> None:
    gil = world.person(GIL)

    assert "mine-one" in words(await gil.types("/turso ls", ORDERS))
    assert "mine-one" in words(await gil.types("/turso show mine-one", ORDERS))
    refused = await gil.types("/turso usage", ORDERS)

    assert refused.only_for == GIL
    assert "mine-one" not in words(refused)


async def test_an_external_person_in_a_rule_can_approve_in_the_shared_channel(world: World) -> None:
    assert world.bot is not None
    card = await world.person(ANA).types("/turso token mine-one --reason partner", SHARED)
    assert {"Approve", "Deny"} <= set(buttons(card))

    await world.person(STELLA).presses_and_reads("Approve", card)

    ready = await world.wait_for_content(card, button="Reveal")
    request = await world.bot.store.requests.get(buttons(ready)["Reveal"]["value"])
    assert request is not None
    assert [vote.user_id for vote in request.votes] == [STELLA]


async def test_a_rotation_is_refused_if_it_may_affect_databases_of_other_channels(world: World) -> None:
    """The group of `mine-one` has databases that #team-orders doesn't have, so a rotation is refused there."""
    answer = await world.person(DANA).types("/turso rotate mine-one --reason leak", ORDERS)

    assert answer.only_for == DANA
    assert "this would also affect other databases" in words(answer)
    assert not world.changes("POST", "/mine-one/auth/rotate")


async def test_undo_is_for_the_requester_the_approvers_and_people_in_undo_by(world: World) -> None:
    assert world.bot is not None
    await world.create_databases("undone")
    card = await world.person(DANA).types("/turso db destroy undone --reason old")
    await world.person(ANA).presses_and_reads("Approve", card)
    waiting = await world.wait_for_content(card, button="Undo")

    guest = await forging.answer_to(
        world,
        GIL,
        forging.forge_click(world, GIL, "quarantine.undo", buttons(waiting)["Undo"]["value"], message=waiting),
    )
    assert "Only the requester, an approver, or someone who can use `restore` here can undo this" in words(guest)
    for one in (DANA, BEN):
        tried = await world.person(one).types("/turso db restore undone --dry-run")
        assert "Nothing was changed" in words(tried)
        assert "You can undo" in words(tried)
    await world.wait_until_idle()
    assert await world.bot.store.requests.find(states=[State.QUARANTINED])
    await world.person(REMY).presses_and_reads("Undo", waiting)

    restored = await world.wait_for_content(card, holding="was restored with all its data")
    assert "Undo" not in buttons(restored)
    assert len(world.changes("PATCH", "/undone/configuration")) == 2
    late = await world.person(BEN).presses_and_reads("Undo", waiting)
    assert "nothing to undo" in words(late)
    assert not world.changes("DELETE", "/undone")


async def test_groups_that_slack_does_not_return_give_no_right_and_the_answer_says_so(world: World) -> None:
    fault = world.workspace.faults.add("api_error", "usergroups.users.list", error="internal_error")
    try:
        await world.pass_time(minutes=2)
        assert world.bot is not None
        world.bot.env.directory.forget({"type": "subteam_updated", "subteam": {"id": "S0DBA"}})  # type: ignore[attr-defined]
        answer = await world.person(DANA).types("/turso rotate mine-two --reason leak")
    finally:
        world.workspace.faults.remove(fault)

    assert answer.only_for == DANA
    assert "I couldn't look up the members of a user group" in words(answer)
    assert "Approve" not in buttons(answer)


async def test_commands_still_work_when_slack_asks_to_wait(world: World) -> None:
    world.workspace.faults.add("ratelimited", "chat.postMessage", times=1, seconds=1)

    card = await world.person(DANA).types("/turso token mine-two --reason later")

    assert "Approve" in buttons(card)
    assert "ratelimited" in [call.error for call in world.workspace.calls]


async def test_an_answer_arrives_when_the_response_url_does_not_work(world: World) -> None:
    fault = world.workspace.faults.add("server_error", "response_url", status=404)
    try:
        typed = world.workspace.say(DANA, DB_OPS, "/turso whoami")
        found = await forging.answer_to(world, DANA, typed, holding=DANA)
    finally:
        world.workspace.faults.remove(fault)

    assert found.only_for == DANA

"""The command `away`: who can be a delegate, until when, and how a delegation is shown."""

from typing import Any

import pytest

from tests.authorization.lost import a_guest, deactivated
from tests.scenarios.absences import OWN_POLICY as OWN_POLICY
from tests.scenarios.absences import answer_to, away
from tests.scenarios.absences import restored as restored
from tests.scenarios.slack_faults import forget
from tests.world import ANA, BEN, DANA, REMY, World, marked_up, set_policy, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_delegations_cannot_form_a_circle(world: World) -> None:
    set_policy(world, OWN_POLICY.replace("deputies: {users", "deputies: {may_delegate_to: dba, users"))
    await away(world, ANA, BEN)
    assert "is away, too. Choose someone else." in await answer_to(world, f"/turso away --until 1h --to <@{ANA}>", BEN)
    assert world.bot is not None
    assert await world.bot.store.delegations.of(BEN) is None


@pytest.mark.parametrize(
    ("approved", "says"),
    [
        ("after its end", "That time has already passed."),
        ("after the delegate left, too", "The delegate is now away, too."),
    ],
)
async def test_an_absence_that_is_approved_too_late_has_no_effect(world: World, approved: str, says: str) -> None:
    assert world.bot is not None
    rules = "{allow: read}\n      - {allow: away, to: deputies}\n      - {approve: away, by: second, expires: 3h}"
    policy = OWN_POLICY.replace("{allow: [read, away]}", rules)
    set_policy(world, policy.replace("deputies: {users", "deputies: {may_delegate_to: deputies, users"))
    card = await world.person(ANA).types(f"/turso away --until 30m --to <@{BEN}>", holding="Withdraw")
    if approved == "after the delegate left, too":
        await away(world, BEN, REMY)
    else:
        await world.pass_time(minutes=31)

    await world.person(DANA).presses("Approve", card)

    await world.wait_for_content(card, holding=says)
    assert await world.bot.store.delegations.of(ANA) is None


async def test_whoami_says_that_the_policy_no_longer_allows_a_delegation(world: World) -> None:
    await away(world)
    set_policy(world, OWN_POLICY.replace("may_delegate_to: [deputies]", "may_delegate_to: ['user:U0REMY']"))
    for one in (ANA, BEN):
        assert "but the policy no longer allows that." in words(await world.person(one).types("/turso whoami"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"/turso away --until 1h --to <@{ANA}>", "You can't be your own delegate."),
        (f"/turso away --until 1h --to <@{DANA}>", "The policy doesn't let"),
        (f"/turso away --until soon --to <@{BEN}>", "isn't a time"),
        (f"/turso away --until 90d --to <@{BEN}>", "at most 60 days"),
        (f"/turso away --until 2020-01-01 --to <@{BEN}>", "has passed"),
        (f"/turso away --until 25:00 --to <@{BEN}>", "isn't a time"),
        ("/turso away --until 1h --to <@U0NOBODY>", "I don't know that person."),
        ("/turso away off", "You aren't away."),
    ],
)
async def test_a_refused_away_command_says_why_and_changes_nothing(world: World, line: str, says: str) -> None:
    assert world.bot is not None
    assert says in await answer_to(world, line)
    assert await world.bot.store.delegations.of(ANA) is None


async def test_whoami_shows_a_delegation_to_both_people_and_away_off_ends_it(world: World) -> None:
    await away(world)
    assert f"<@{BEN}> can approve for you until" in marked_up(await world.person(ANA).types("/turso whoami"))
    assert f"You can approve for <@{ANA}> until" in marked_up(await world.person(BEN).types("/turso whoami"))

    answer = await world.person(ANA).types("/turso away off", holding="can no longer approve")

    assert f"<@{BEN}> can no longer approve for <@{ANA}>." in marked_up(answer)
    assert "can approve for" not in words(await world.person(ANA).types("/turso whoami"))


@pytest.mark.parametrize("loss", [deactivated, a_guest])
async def test_a_person_who_cannot_use_the_bot_cannot_be_a_delegate(world: World, loss: Any) -> None:
    with loss(world, BEN):
        forget(world)
        answer = await answer_to(world, f"/turso away --until 1h --to <@{BEN}>")
    forget(world)
    assert "can't use Turso Ops at the moment" in answer
    assert world.bot is not None
    assert await world.bot.store.delegations.of(ANA) is None


@pytest.mark.parametrize(
    ("method", "says"),
    [
        ("users.info", "I couldn't look up that person in Slack"),
        ("usergroups.users.list", "I couldn't look up the members of a user group"),
    ],
)
async def test_if_slack_fails_the_refusal_says_so(world: World, method: str, says: str) -> None:
    """The refusal must not say that the person isn't allowed, because that isn't known."""
    set_policy(world, OWN_POLICY.replace("deputies: {users: [U0BEN, U0REMY]}", "deputies: {usergroup: S0DBA}"))
    await world.person(ANA).types("/turso ls", holding="databases")  # lets the bot cache facts about Ana
    directory: Any = world.bot.env.directory if world.bot else None
    directory._people.forget(BEN)
    directory._groups.forget("S0DBA")
    world.workspace.faults.add("html", method, status=502)
    try:
        answer = await answer_to(world, f"/turso away --until 1h --to <@{BEN}>")
    finally:
        world.workspace.faults.clear()
    assert says in answer
    assert "Try again in a moment" in answer

"""Messages say that a database is archived. People who may wake it can do so from there."""

import asyncio

import pytest

from bot.core.requests.request import State
from bot.sandbox.running import POLICY
from tests.scenarios.requesting import reaches
from tests.scenarios.test_rotation import pair
from tests.world import ANA, BEN, DANA, DB_OPS, INCIDENT, ORDERS, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
_TOKENS = "{approve: token, by: dba, to:"
OWN_POLICY = POLICY.read_text().replace(_TOKENS, f"{{allow: wake}}\n      - {_TOKENS}")
"""The sandbox's policy, in which everybody in #team-orders may also wake the channel's databases."""


async def archived(world: World, name: str) -> str:
    """Create a group with two databases, `name` and its sibling `{name}-z`, and archive it. Return `name`."""
    await pair(world, name)
    await world.turso.archive("acme", f"g-{name}")
    return name


def wakings(world: World, name: str) -> int:
    """Return how many calls to wake a database's group Turso has received."""
    return len(world.changes("POST", f"/groups/g-{name}/unarchive"))


async def test_a_responder_wakes_a_database_from_its_triage_card(world: World) -> None:
    name = await archived(world, "asleep")
    card = await world.person(REMY).types(f"/turso triage {name}", holding=name)
    assert "archived" in words(card)
    assert "open" not in words(card)

    await world.person(REMY).presses("Wake", card)

    message = await until(lambda: world.card(holding="It responded after"), what="the outcome")
    assert f"*{name}* is awake" in words(message)
    assert f"{name}-z" in words(message), "the sibling is awake, too"
    assert wakings(world, name) == 1
    await world.wait_for_content(card, holding="open")
    assert "Wake" not in buttons(world.current(card))


async def test_a_request_for_a_token_of_an_archived_database_offers_to_wake_it(world: World) -> None:
    name = await archived(world, "drowsy")
    refused = await world.person(BEN).types(f"/turso token {name} --read-only")
    assert f"`{name}` is archived, so it doesn't respond" in words(refused)
    assert refused.only_for == BEN

    await world.person(BEN).presses(f"Wake {name}", refused)

    await until(lambda: world.card(holding=f"*{name}* is awake"), what="the outcome")
    assert wakings(world, name) == 1


async def test_waking_needs_permission_for_every_database_of_the_group(world: World) -> None:
    """#team-orders may use `orders-wide`, but not another database of its group."""
    await pair(world, "orders-wide")
    await world.create_databases("elsewhere", group="g-orders-wide")
    await world.turso.archive("acme", "g-orders-wide")

    shown = await world.person(DANA).types("/turso show orders-wide", ORDERS)
    refused = await world.person(DANA).types("/turso wake orders-wide", ORDERS)

    assert "Wake" not in buttons(shown)
    assert refused.only_for == DANA
    assert "also affect other databases" in words(refused)
    assert "elsewhere" not in words(refused)
    assert wakings(world, "orders-wide") == 0


async def test_a_channel_may_wake_a_group_whose_databases_are_all_its_own(world: World) -> None:
    name = await archived(world, "orders-own")
    shown = await world.person(DANA).types(f"/turso show {name}", ORDERS)
    await world.person(DANA).presses("Wake", shown)
    await until(lambda: world.card(ORDERS, holding=f"*{name}* is awake"), what="the outcome")


async def test_a_wake_request_changes_nothing_if_another_person_woke_the_group_first(world: World) -> None:
    name = await archived(world, "twice")
    card = await world.person(DANA).types(f"/turso wake {name} --reason morning", holding=name)
    assert f"{name}-z" in words(card), "the card names the other databases of the group"
    await world.workspace.say(REMY, DB_OPS, f"/turso wake {name}-z")
    await until(lambda: world.card(holding=f"*{name}-z* is awake"), what="the outcome of the other person's command")

    await world.person(ANA).presses("Approve", card)

    request = await reaches(world, card, State.STALE)
    assert "is already awake" in request.outcome
    assert wakings(world, name) == 1


async def test_presses_by_two_people_at_the_same_moment_wake_a_group_once(world: World) -> None:
    """The other presses are answered: the request is already under way, or the database is already awake."""
    name = await archived(world, "both")
    card = await world.person(REMY).types(f"/turso triage {name}", holding=name)
    before = {one.ts for one in world.person(BEN).sees()}

    await asyncio.gather(*(world.person(who).presses("Wake", card) for who in (REMY, BEN, REMY)))

    await until(lambda: world.card(holding=f"*{name}* is awake"), what="the outcome")
    await world.wait_until_idle()
    assert wakings(world, name) == 1
    assert world.bot is not None
    made = [one for one in await world.bot.store.requests.find(states=list(State)) if one.line == f"wake {name}"]
    assert [one.state for one in made].count(State.SUCCEEDED) == 1
    replies = [one for who in (REMY, BEN) for one in world.person(who).sees() if one.ts not in before and one.only_for]
    assert replies, "the group is woken once, so two of the three presses have another answer than the outcome"
    assert all("already under way" in words(one) or "awake" in words(one) for one in replies)


async def test_an_incident_lets_responders_wake_databases(world: World) -> None:
    name = await archived(world, "incident-db")
    await world.person(REMY).types("/turso incident start INC-77", INCIDENT)
    await world.workspace.say(REMY, INCIDENT, f"/turso wake {name}")
    await until(lambda: world.card(INCIDENT, holding=f"*{name}* is awake"), what="the outcome")
    await world.person(REMY).types("/turso incident end", INCIDENT)


async def test_a_form_says_which_databases_are_archived(world: World) -> None:
    name = await archived(world, "in-form")
    await world.workspace.say(DANA, DB_OPS, "/turso show")
    form = await world.person(DANA).modal("Database")
    options = await world.workspace.suggest(DANA, action_id="form.database", text=name, view_id=form.id)
    assert [(one["value"], one["description"]["text"]) for one in options][:1] == [(name, "archived")]


async def test_home_marks_archived_databases(world: World) -> None:
    name = await pair(world, "at-home")
    await world.person(DANA).types(f"/turso token {name} --read-only", holding="Only you can see")
    await world.turso.archive("acme", f"g-{name}")

    await world.workspace.open_home(DANA)

    await until(lambda: f"{name}`, read-only" in words(world.workspace.home_of(DANA)), what="Home")
    assert "archived" in words(world.workspace.home_of(DANA))


async def test_policy_explain_says_that_waking_needs_approval(world: World) -> None:
    name = await archived(world, "explained")
    answer = await world.person(DANA).types(f"/turso policy explain wake {name}")
    assert f"*Needs approval*: `wake {name}` for <@{DANA}>" in words(answer)

"""To confirm a dangerous operation, a person types the database's name. What phones add or replace is accepted."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from bot.core.requests.request import State
from bot.sandbox.workspace.model import Message
from tests.scenarios.conftest import checked_sandbox
from tests.world import ANA, DANA, DB_OPS, ORDERS, World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
NAME = "harbour-two"
POLICY = {
    "version": 1,
    "organizations": {"acme": {"token": "env:TURSO_API_TOKEN"}},
    "workspace": "T0ACME",
    "channels": {
        DB_OPS: {
            "databases": ["*"],
            "rules": [{"approve": ["destroy"], "by": [f"user:{ANA}"], "confirm": "type-name"}],
        },
        ORDERS: {"databases": ["*"], "rules": [{"allow": ["destroy"], "confirm": "type-name"}]},
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a sandbox in which the approver types the name in one channel, and the requester in the other."""
    data = tmp_path_factory.mktemp("world")
    policy = data / "policy.yaml"
    policy.write_text(json.dumps(POLICY))
    async with checked_sandbox(data, policy=policy) as found:
        await found.create_databases(NAME)
        yield found


async def by_an_approver(world: World) -> tuple[str, Message, str]:
    """Request a destroy that Ana approves. Return who presses which message's button, and the button's label."""
    card = await world.person(DANA).types(f"/turso destroy {NAME} --now --reason moved", DB_OPS, holding="Approve")
    return ANA, card, "Approve"


async def by_the_requester(world: World) -> tuple[str, Message, str]:
    """Request a destroy that Dana confirms herself. Returns the same as `by_an_approver`."""
    question = await world.person(DANA).types(f"/turso destroy {NAME} --now --reason moved", ORDERS, holding="Destroy")
    return DANA, question, "Destroy"


WAYS = [by_an_approver, by_the_requester]
REFUSED = [
    pytest.param("Harbour-Two", "in lowercase", id="capitals"),
    pytest.param("HARBOUR\u2011TWO", "in lowercase", id="capitals and a dash that does not break"),
    pytest.param("harb\u043eur-two", "cyrillic small letter o", id="a letter that looks alike"),
    pytest.param("harbour\u2013two", "en dash", id="a long dash"),
    pytest.param("harbour\uff0dtw\uff4f", "fullwidth latin small letter o", id="a wide letter"),
    pytest.param("harbor-two", "Type harbour-two.", id="another name"),
    pytest.param("harbour two", "Type harbour-two.", id="a space inside"),
    pytest.param("harbour-two-", "Type harbour-two.", id="more than the name"),
    pytest.param("harbour", "Type harbour-two.", id="less than the name"),
]


async def request_state(world: World) -> tuple[State, int]:
    """Return the newest request's state and its number of votes."""
    assert world.bot is not None
    newest = (await world.bot.store.requests.find(states=list(State), limit=1))[0]
    return newest.state, len(newest.votes)


@pytest.mark.parametrize(("typed", "hint"), REFUSED)
@pytest.mark.parametrize("way", WAYS)
async def test_a_text_other_than_the_name_is_an_error_at_its_field_and_changes_nothing(
    world: World, way: Callable[[World], Awaitable[tuple[str, Message, str]]], typed: str, hint: str
) -> None:
    who, message, label = await way(world)
    await world.person(who).presses(label, message)
    await world.person(who).modal(NAME)

    answer = await world.person(who).submits({"typed_name": typed})
    await world.wait_until_idle()

    assert list(answer.errors) == ["typed_name"]
    assert f"Type {NAME}" in answer.errors["typed_name"]
    assert hint in answer.errors["typed_name"]
    assert await request_state(world) == (State.PENDING, 0)
    assert not world.changes("DELETE", NAME)
    assert not world.changes("PATCH")
    view = await world.person(who).modal(NAME)
    await world.workspace.close_view(who, view.id)
    await world.person(DANA).presses({"Approve": "Withdraw", "Destroy": "Cancel"}[label], message)
    await world.wait_until_idle()


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("  harbour-two  ", id="spaces around it"),
        pytest.param("harbour\u2011two", id="a dash that does not break"),
        pytest.param("harbour-two\u200b", id="an invisible sign behind it"),
        pytest.param("\u2060har\u00adbour-two\u00a0", id="invisible signs within"),
    ],
)
@pytest.mark.parametrize("way", WAYS)
async def test_the_name_as_phones_write_it_is_accepted(
    world: World, way: Callable[[World], Awaitable[tuple[str, Message, str]]], typed: str
) -> None:
    who, message, label = await way(world)
    before = len(world.changes("DELETE", NAME))
    await world.person(who).presses(label, message)
    await world.person(who).modal(NAME)

    answer = await world.person(who).submits({"typed_name": typed})

    assert not answer.errors
    await until(lambda: len(world.changes("DELETE", NAME)) == before + 1, what="the destroy")
    await world.wait_until_idle()
    await world.create_databases(NAME)

"""If the store fails after a person was answered, the person gets no second answer, and the log has the cause."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from bot.app.compose import secrets_of
from bot.app.logs import set_up_logs
from bot.core.requests.incoming import Kind
from bot.store.connections.database import StoreUnavailable
from tests.policies import ACME
from tests.scenarios import forging
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.scenarios.invariants import KeptLog, keep_log
from tests.scenarios.test_resumed import left, resumed
from tests.world import DANA, DB_OPS, GENERAL, World, running_sandbox, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
POLICY = (
    ACME
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read], confirm: none}
      - {approve: [freeze], by: [user:U0ANA]}
"""
)
CAUSE = "The disk of the store is full."
KEPT: list[KeptLog] = []
"""The log of the running sandbox."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    data = tmp_path_factory.mktemp("world")
    (data / "policy.yaml").write_text(POLICY)
    async with running_sandbox(data, policy=data / "policy.yaml") as found:
        assert found.bot is not None
        shorten_pauses_between_posts(found)
        set_up_logs("INFO", "json", secrets_of(found.bot.settings))
        KEPT[:] = [keep_log()]
        yield found


@pytest.fixture
def breaks(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return a function that makes a method of the store fail from now on."""
    assert world.bot is not None
    store = world.bot.store

    async def fails(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable(CAUSE)

    return lambda part, method: monkeypatch.setattr(getattr(store, part), method, fails)


def private_texts(world: World) -> list[str]:
    return [words(one) for one in forging.private_messages(world, DANA)]


async def logged(world: World, reference: str, event: str) -> dict[str, Any]:
    """Return the only log line with this reference and event."""
    await world.wait_until_idle()
    lines = [json.loads(line) for line in KEPT[0].own]
    (found,) = [one for one in lines if one["event"] == event and one["reference"] == reference]
    return dict(found)


def reference_in(text: str) -> str:
    """Return the reference of the command or press that a message shows."""
    return next(word for word in text.split() if word.strip("`").startswith("i-")).strip("`")


async def types(world: World, line: str, channel: str = DB_OPS) -> list[str]:
    """Type a line, and return the new messages that only Dana sees."""
    before = len(private_texts(world))
    await world.person(DANA).types(f"/turso {line}", channel)
    await world.wait_until_idle()
    return private_texts(world)[before:]


@pytest.mark.parametrize(
    ("line", "channel"), [("db destroy orders --reason old", DB_OPS), ("ls", GENERAL)], ids=["a change", "a read"]
)
async def test_a_refusal_whose_entry_cannot_be_written_is_sent_once(
    world: World, breaks: Callable[[str, str], None], line: str, channel: str
) -> None:
    breaks("audit", "append")

    (said,) = await types(world, line, channel)

    assert "store" not in said
    found = await logged(world, reference_in(said), "audit.refusal_not_recorded")
    assert (found["level"], found["why"], found["user"]) == ("error", CAUSE, DANA)


async def test_a_refused_press_whose_entry_cannot_be_written_is_answered_once(
    world: World, breaks: Callable[[str, str], None]
) -> None:
    card = await world.person(DANA).types("/turso freeze orders --reason x", holding="orders")
    breaks("audit", "append")
    before = len(private_texts(world))

    await world.person(DANA).presses("Approve", card)
    await world.wait_until_idle()

    (said,) = private_texts(world)[before:]
    assert "store" not in said
    assert (await logged(world, reference_in(said), "audit.refusal_not_recorded"))["why"] == CAUSE


async def test_a_person_gets_one_answer_even_if_the_intent_cannot_be_closed_afterwards(
    world: World, breaks: Callable[[str, str], None]
) -> None:
    breaks("intents", "close")

    (said,) = await types(world, "db destroy orders --reason old")

    assert "store" not in said
    assert (await logged(world, reference_in(said), "intent.not_closed"))["why"] == CAUSE


async def test_a_resumed_intent_is_answered_once_even_if_it_cannot_be_closed_at_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.bot is not None
    intents = world.bot.store.intents
    real, failures = intents.close, 2

    async def close(intent_id: str) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise StoreUnavailable(CAUSE)
        await real(intent_id)

    monkeypatch.setattr(intents, "close", close)
    before = len(private_texts(world))

    answer = await resumed(world, left(7_900, Kind.ACTION, "no.such.button"))

    assert failures == 0
    assert private_texts(world)[before:] == [answer]

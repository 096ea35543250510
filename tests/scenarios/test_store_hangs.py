"""The store hangs for ten seconds: Slack's 3 seconds are kept, and what people were told is what happened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.core.requests.request import Request, State
from bot.sandbox import running
from bot.sandbox.workspace.records import Delivery
from tests.crash.waiting import patient
from tests.policies import ACME
from tests.scenarios import forging
from tests.scenarios.conftest import hurry
from tests.security import stage
from tests.stopping import hanging_server, locked
from tests.world import ANA, DANA, DB_OPS, World, living, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
POLICY = (
    ACME
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read], confirm: none}
      - {approve: [freeze], by: [user:U0ANA], confirm: type-name}
      - {approve: [protect], by: [user:U0ANA]}
"""
)
HANGS_SECONDS = 10.0
NOT_RECORDED = "couldn't be recorded"


class Hanging:
    """A world, and how to let its store hang."""

    def __init__(self, world: World, hang: Any) -> None:
        self.world = world
        self.hang: partial[AbstractContextManager[None]] = hang


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def hanging(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hanging]:
    data, made = tmp_path_factory.mktemp("world"), running._settings
    (data / "policy.yaml").write_text(POLICY)
    if request.param == "sqlite":
        async with living(data, policy=data / "policy.yaml") as found:
            hurry(found)
            yield Hanging(found, partial(locked, data / "turso-ops.db"))
        return
    with hanging_server() as server, pytest.MonkeyPatch.context() as patched:
        update = {"database_url": SecretStr(server.new_store())}
        patched.setattr(running, "_settings", lambda *args: made(*args).model_copy(update=update))
        async with living(data, policy=data / "policy.yaml") as found:
            hurry(found)
            yield Hanging(found, server.stopped)


async def test_every_ack_is_in_time_and_what_was_refused_never_happens(hanging: Hanging) -> None:
    """While the store hangs: commands, presses and a form. Each is refused at once, and none is carried out later."""
    world = hanging.world
    assert world.bot is not None
    await world.make("hang-one", "hang-two", "hang-three")
    dana = world.person(DANA)
    typed = await dana.types("/turso freeze hang-one --reason x", holding="hang-one")
    pressed = await dana.types("/turso protect hang-two on --reason x", holding="hang-two")
    await world.person(ANA).presses("Approve", typed)
    form = await world.person(ANA).modal("hang-one")
    by_type, by_press = await stage.request_of(world, typed), await stage.request_of(world, pressed)
    await world.calm()
    before = {person: len(forging.told(world, person)) for person in (ANA, DANA)}
    since = len(world.workspace.deliveries)

    with hanging.hang():
        loop = asyncio.get_running_loop()
        over = loop.time() + HANGS_SECONDS
        commands = [forging.types(world, DANA, DB_OPS, "freeze hang-three --reason x") for _ in range(3)]
        press = world.person(ANA).presses("Approve", pressed)
        answer, *_ = await asyncio.gather(world.person(ANA).submits({"typed_name": "hang-one"}, form), press, *commands)
        await until(lambda: refusals(world, DANA, before[DANA]) == 3, what="three refusals")
        await until(lambda: refusals(world, ANA, before[ANA]) == 1, what="a refused press")
        assert loop.time() < over, "told while it hangs"
        await asyncio.sleep(over - loop.time())

    deliveries: list[Delivery] = [one for one in world.workspace.deliveries[since:] if one.kind != "view_closed"]
    assert len(deliveries) >= 5
    assert [(one.kind, one.milliseconds) for one in deliveries if not one.ok or (one.milliseconds or 0) > 3000] == []
    assert NOT_RECORDED in str(answer) or NOT_RECORDED in words(world.workspace.views_of(ANA)[-1])
    await world.calm()
    for request, state in ((by_type, State.PENDING), (by_press, State.PENDING)):
        now = await world.bot.store.requests.get(request.id)
        assert now is not None
        assert (now.state, now.votes) == (state, ())
    assert not [one for one in await world.bot.store.requests.find(states=list(State)) if "hang-three" in one.line]
    assert not world.changes("PATCH", "hang-three/configuration")

    await world.person(ANA).presses("Approve", world.as_now(pressed))
    await world.calm()
    assert len(world.changes("PATCH", "hang-two/configuration")) == 1


def refusals(world: World, person: str, before: int) -> int:
    """How often this person was told that something wasn't recorded. Each time with a reference."""
    told = [words(one) for one in forging.told(world, person)[before:]]
    return len([one for one in told if NOT_RECORDED in one and "Nothing was done" in one and "Reference `i-" in one])


async def test_what_was_approved_before_the_store_hung_happens_once(hanging: Hanging) -> None:
    world = hanging.world
    await world.make("hang-four")
    card = await world.person(DANA).types("/turso protect hang-four on --reason x", holding="hang-four")
    request = await stage.request_of(world, card)
    await world.person(ANA).presses("Approve", card)

    async def approved() -> bool | None:
        found = await world.bot.store.requests.get(request.id) if world.bot else None
        return bool(found and found.votes) or None

    await patient(approved, "the vote to be on record")
    with hanging.hang():
        await asyncio.sleep(HANGS_SECONDS)

    async def done() -> Request | None:
        found = await world.bot.store.requests.get(request.id) if world.bot else None
        return found if found and found.state is State.SUCCEEDED else None

    ended = await patient(done, "the change", within=60)
    await world.calm()
    assert [vote.user_id for vote in ended.votes] == [ANA]
    assert len(world.changes("PATCH", "hang-four/configuration")) == 1

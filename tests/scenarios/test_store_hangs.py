"""While the store hangs, requests are acknowledged within 3 seconds, and people get an answer."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.app.compose import secrets_of
from bot.app.logs import set_up_logs
from bot.core.requests.request import Request, State
from bot.sandbox import running
from bot.sandbox.workspace.records import Delivery
from tests.crash.waiting import poll_until
from tests.policies import ACME
from tests.scenarios import forging
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.scenarios.invariants import KeptLog, keep_log
from tests.security import stage
from tests.stopping import hanging_server, locked
from tests.world import ANA, DANA, DB_OPS, World, running_sandbox, until, words

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
READ_SECONDS = 4
"""The bot's time limit for queries of PostgreSQL."""
CAUSE = re.compile(
    r"The store didn't respond within [0-9.]+ seconds\.|PostgreSQL at the host in DATABASE_URL isn't responding\."
    r"|Another program has locked the SQLite file\."
)
"""The causes that the log may have. People read only that their request couldn't be recorded."""
REFERENCE = re.compile(r"Reference `?(i-[a-z0-9]+)")
NOT_RECORDED = "couldn't be saved"


class Hanging:
    """A sandbox, a function that makes its store hang, and the bot's log."""

    def __init__(self, world: World, hang: Any) -> None:
        assert world.bot is not None
        shorten_pauses_between_posts(world)
        set_up_logs("INFO", "json", secrets_of(world.bot.settings))
        self.world = world
        self.hang: partial[AbstractContextManager[None]] = hang
        self._log: KeptLog = keep_log()

    def causes(self, reference: str) -> list[str]:
        """Return the causes in the log lines with a reference."""
        lines = [json.loads(line) for line in self._log.own]
        return [one["why"] for one in lines if one.get("reference") == reference and one.get("why")]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def hanging(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hanging]:
    """Yield a sandbox whose store can hang: a SQLite file that is locked, or a PostgreSQL server that is paused."""
    data, made = tmp_path_factory.mktemp("world"), running._settings
    (data / "policy.yaml").write_text(POLICY)
    if request.param == "sqlite":
        async with running_sandbox(data, policy=data / "policy.yaml") as found:
            yield Hanging(found, partial(locked, data / "turso-ops.db"))
        return
    with hanging_server() as server, pytest.MonkeyPatch.context() as patched:
        update = {"database_url": SecretStr(server.new_store()), "database_timeout": READ_SECONDS}
        patched.setattr(running, "_settings", lambda *args: made(*args).model_copy(update=update))
        async with running_sandbox(data, policy=data / "policy.yaml") as found:
            yield Hanging(found, server.stopped)


async def test_every_ack_is_in_time_and_refused_requests_are_never_carried_out(hanging: Hanging) -> None:
    """Send commands, a press and a form while the store hangs.

    Each must be refused while it still hangs, and none may be carried out later.
    """
    world = hanging.world
    assert world.bot is not None
    await world.create_databases("hang-one", "hang-two", "hang-three")
    dana = world.person(DANA)
    typed = await dana.types("/turso freeze hang-one --reason x", holding="hang-one")
    pressed = await dana.types("/turso protect hang-two on --reason x", holding="hang-two")
    await world.person(ANA).presses("Approve", typed)
    form = await world.person(ANA).modal("hang-one")
    by_type, by_press = await stage.request_of(world, typed), await stage.request_of(world, pressed)
    await world.wait_until_idle()
    before = len(forging.private_messages(world, ANA))
    since = len(world.workspace.deliveries)

    with hanging.hang():
        loop = asyncio.get_running_loop()
        over = loop.time() + HANGS_SECONDS
        commands = [forging.forge_command(world, DANA, DB_OPS, "freeze hang-three --reason x") for _ in range(3)]
        press = world.person(ANA).presses("Approve", pressed)
        submitted = world.person(ANA).submits({"typed_name": "hang-one"}, form)
        answer, _, *sent = await asyncio.gather(submitted, press, *commands)
        assert [is_refusal(delivery.answer) for delivery, _, _ in sent] == [True] * 3, "in the acknowledgement itself"
        await until(lambda: refusals(world, ANA, before) == 1, what="a refused press")
        assert loop.time() < over, "the refusals arrive while the store hangs"
        await asyncio.sleep(over - loop.time())

    deliveries: list[Delivery] = [one for one in world.workspace.deliveries[since:] if one.kind != "view_closed"]
    assert len(deliveries) >= 5
    assert [(one.kind, one.milliseconds) for one in deliveries if not one.ok or (one.milliseconds or 0) > 3000] == []
    assert is_refusal(answer.errors["typed_name"].replace("Reference i-", "Reference `i-"))
    assert world.workspace.views_of(ANA)[-1].id == form.id, "the form stays open"
    await world.wait_until_idle()
    for request, state in ((by_type, State.PENDING), (by_press, State.PENDING)):
        now = await world.bot.store.requests.get(request.id)
        assert now is not None
        assert (now.state, now.votes) == (state, ())
    assert not [one for one in await world.bot.store.requests.find(states=list(State)) if "hang-three" in one.line]
    assert not world.changes("PATCH", "hang-three/configuration")

    await world.person(ANA).presses("Approve", world.current(pressed))
    await world.person(ANA).submits({}, world.workspace.views_of(ANA)[-1])
    await world.wait_until_idle()
    assert len(world.changes("PATCH", "hang-one/configuration")) == 1, "with what was typed before"
    assert len(world.changes("PATCH", "hang-two/configuration")) == 1


def refusals(world: World, person: str, before: int) -> int:
    """Return how many private messages of a person, after the first `before`, say that a request wasn't recorded."""
    return sum(is_refusal(words(one)) for one in forging.private_messages(world, person)[before:])


def is_refusal(text: str) -> bool:
    """Return True if a text says that a request wasn't recorded, with a reference."""
    return NOT_RECORDED in text and "Nothing was done" in text and "Reference `i-" in text


async def test_every_reference_that_was_shown_is_in_the_log_with_its_cause(hanging: Hanging) -> None:
    """Send a change, a mention, a press, a form and a read while the store hangs."""
    world = hanging.world
    await world.create_databases("hang-five", "hang-six")
    dana, ana = world.person(DANA), world.person(ANA)
    pressed = await dana.types("/turso protect hang-five on --reason x", holding="hang-five")
    typed = await dana.types("/turso freeze hang-six --reason x", holding="hang-six")
    await ana.presses("Approve", typed)
    form = await ana.modal("hang-six")
    await world.wait_until_idle()
    before = references(world)

    with hanging.hang():
        await asyncio.gather(
            dana.types("/turso freeze hang-five --reason x", holding="Reference"),
            world.workspace.say(DANA, DB_OPS, f"<@{world.workspace.app.bot_user_id}> protect hang-six on --reason x"),
            ana.presses("Approve", pressed),
            ana.submits({"typed_name": "hang-six"}, form),
            dana.types("/turso show hang-five"),
        )
        await until(
            lambda: len(references(world) - before) >= 4, what="a reference for each request that isn't recorded"
        )
        await asyncio.sleep(READ_SECONDS)
    await world.wait_until_idle()

    for reference in references(world) - before:
        assert any(CAUSE.fullmatch(one) for one in hanging.causes(reference)), (reference, hanging.causes(reference))


def references(world: World) -> set[str]:
    """Return the references in the messages and modals that Ana and Dana see."""
    texts = [words(one) for person in (ANA, DANA) for one in forging.private_messages(world, person)]
    posted = [words(one) for one in world.workspace.history(DB_OPS, None)]
    modals = [one for person in (ANA, DANA) for one in world.workspace.views_of(person)]
    shown = [text for one in modals for text in (words(one), *one.errors.values())]
    return {found for text in (*texts, *posted, *shown) for found in REFERENCE.findall(text)}


async def test_a_request_that_was_approved_before_the_store_hung_is_carried_out_once(hanging: Hanging) -> None:
    world = hanging.world
    await world.create_databases("hang-four")
    card = await world.person(DANA).types("/turso protect hang-four on --reason x", holding="hang-four")
    request = await stage.request_of(world, card)
    await world.person(ANA).presses("Approve", card)

    async def approved() -> bool | None:
        found = await world.bot.store.requests.get(request.id) if world.bot else None
        return bool(found and found.votes) or None

    await poll_until(approved, "the vote to be on record")
    with hanging.hang():
        await asyncio.sleep(HANGS_SECONDS)

    async def done() -> Request | None:
        found = await world.bot.store.requests.get(request.id) if world.bot else None
        return found if found and found.state is State.SUCCEEDED else None

    ended = await poll_until(done, "the change", within=60)
    await world.wait_until_idle()
    assert [vote.user_id for vote in ended.votes] == [ANA]
    assert len(world.changes("PATCH", "hang-four/configuration")) == 1

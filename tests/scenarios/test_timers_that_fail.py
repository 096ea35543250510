"""`doctor` and a metric report timers of every kind whose work fails, and other work doesn't wait for them."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import timedelta

import pytest

from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import State
from bot.core.requests.transition import Transition
from bot.errors import BotError, Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.replies import entry
from bot.pipeline.timers import due
from bot.sandbox.workspace.model import Message
from tests.scenarios import quarantines as q
from tests.scenarios.requesting import make_request, reaches
from tests.world import ANA, DANA, DB_OPS, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = q.POLICY.replace("[read, create]", "[read, create, digest]")
PATIENCE = 120.0
FAILING = "SELECT kind, cause FROM timers WHERE failures > 0"
RESCHEDULE_THEMSELVES = {TimerKind.SAMPLE, TimerKind.DIGEST, TimerKind.RECONCILE, TimerKind.FINISH, TimerKind.THAW}
"""Kinds of timers that catch Turso's errors and reschedule themselves."""


def failing_timers(world: World) -> Mapping[TimerKind, str]:
    """Return the kinds of the failing timers with their causes, including timers that wait for their next try."""
    with closing(sqlite3.connect(world.data / "turso-ops.db")) as store:
        return {TimerKind(kind): cause for kind, cause in store.execute(FAILING)}


async def doctor(world: World) -> tuple[bool, str]:
    """Return what `doctor` finds about timers: whether they are in order, and a sentence."""
    assert world.bot is not None
    return {name: (well, said) for name, well, said in await world.bot.health.doctor()}["timers"]


async def gauge(world: World) -> float:
    """Return how many timers fail according to the metrics."""
    assert world.bot is not None
    world.bot.metrics.stored(await world.bot.health.stored())
    name = "turso_ops_timers_failing"
    lines = world.bot.metrics.text().decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


async def until_failed(world: World, kinds: set[TimerKind]) -> None:
    """Wait until a timer of each of these kinds has failed."""
    for kind in kinds:
        for _ in range(int(PATIENCE / 0.1)):
            if kind in failing_timers(world):
                break
            await asyncio.sleep(0.1)
        assert kind in failing_timers(world), kind


@pytest.mark.parametrize("error", [KeyError("a bug"), Unavailable("Turso does not answer.")], ids=["bug", "outage"])
async def test_timers_of_every_kind_that_fail_are_shown_until_they_work(
    world: World, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.bot is not None
    fired: set[TimerKind] = set()

    async def fails(env: Environment, timer: Timer) -> None:
        raise error

    async def works(env: Environment, timer: Timer) -> None:
        fired.add(timer.kind)

    for kind in TimerKind:
        monkeypatch.setitem(due.DUE, kind, fails)
        await world.bot.store.timers.schedule(Timer(kind, f"x-{kind}", world.clock.now() - timedelta(seconds=1)))
    await until_failed(world, set(TimerKind))

    well, said = await doctor(world)
    assert not well
    assert f"{len(TimerKind)} timers failed and will be retried" in said
    assert ("KeyError" if isinstance(error, KeyError) else str(error)) in said
    assert await gauge(world) == len(TimerKind)
    assert await world.person(DANA).types("/turso ls")

    for kind in TimerKind:
        monkeypatch.setitem(due.DUE, kind, works)
    await until(lambda: fired == set(TimerKind), what="every kind", within=PATIENCE)
    await world.wait_until_idle()
    assert failing_timers(world) == {}
    assert (await doctor(world))[0]
    assert await gauge(world) == 0


async def frozen(world: World) -> tuple[Message, str]:
    """Freeze a database for one minute, and return the card and the request's ID."""
    card = await make_request(world, "/turso freeze {} --for 1m --reason spike")
    await world.person(ANA).presses("Approve", card)
    request = await reaches(world, card, State.SUCCEEDED)
    await world.wait_until_idle()
    return card, request.id


async def test_timers_that_reschedule_themselves_while_turso_is_unreachable_are_shown(world: World) -> None:
    assert world.bot is not None
    store = world.bot.store
    card, frozen_id = await frozen(world)
    _, unknown_id = await frozen(world)
    await q.quarantined(world, "late-countdown")
    await world.person(ANA).types("/turso digest on --daily 09:00 --tz UTC", holding="every day")
    # The bot itself never makes this move, so the table of transitions doesn't have it.
    await type(store.requests).move(store.requests, unknown_id, expect=[State.SUCCEEDED], move=Transition(
        to=State.UNKNOWN, at=world.clock.now(), changes={},
        entries=[entry("executed", "unknown", at=world.clock.now(), command="freeze")],
        timers=[Timer(TimerKind.RECONCILE, unknown_id, world.clock.now() + timedelta(hours=1))]))  # fmt: skip
    await store.timers.schedule(Timer(TimerKind.SAMPLE, "acme", world.clock.now()))
    fault = world.turso.faults.add("status", status=503, path="/v1/*", count=None)
    try:
        await world.pass_time(days=1, minutes=5)
        await until_failed(world, RESCHEDULE_THEMSELVES)

        assert not (await doctor(world))[0]
        assert await gauge(world) >= len(RESCHEDULE_THEMSELVES)
        assert all(cause.endswith(".") for cause in failing_timers(world).values())
        await assert_late_freeze_is_reported_once(world, card, frozen_id)
    finally:
        world.turso.faults.remove(fault.id)

    await world.pass_time(hours=1)
    for _ in range(int(PATIENCE)):
        if (await doctor(world))[0]:
            break
        await asyncio.sleep(1)
    assert await doctor(world) == (True, "No timers are overdue.")
    assert failing_timers(world) == {}
    assert len(below(world, card, "has ended. The database is unblocked.")) == 1


async def assert_late_freeze_is_reported_once(world: World, card: Message, request_id: str) -> None:
    """Let the end of a freeze fail, and assert that one message says so, after `LATE_AFTER` failures."""
    assert world.bot is not None
    (hold,) = [one for one in await world.bot.store.holds.find() if one.request_id == request_id]
    for failures, messages in ((due.LATE_AFTER - 1, 0), (due.LATE_AFTER, 1), (due.LATE_AFTER + 1, 1)):
        with suppress(BotError):
            await due.fire(world.bot.env, Timer(TimerKind.THAW, hold.id, world.clock.now(), failures=failures))
        assert len(below(world, card, "should have ended")) == messages, failures


def below(world: World, card: Message, holding: str) -> list[Message]:
    """Return the messages in the thread of a card that contain `holding`."""
    posted = world.workspace.history(DB_OPS, None)
    return [one for one in posted if one.thread_ts == card.ts != one.ts and holding in words(one)]

"""If a background loop has a bug, all loops keep running, and `doctor` and the metrics report the bug."""

import ast
import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

import bot
from bot.app.compose import Bot
from bot.core.concurrency import background
from bot.core.concurrency.background import Loop
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.soak import soaked
from tests.store.samples import incoming
from tests.world import DANA, World, running_sandbox, until

in_the_world = pytest.mark.asyncio(loop_scope="module")

EXPECTED = {
    "Slack connection",
    "Slack signatures",
    "audit head",
    "group commit",
    "intents left open",
    "lost intents",
    "open Homes",
    "orphaned workflows",
    "policy changes",
    "policy watch",
    "presence",
    "retention",
    "samples",
    "sweep",
}
BY_THEMSELVES = {"group commit", "open Homes", "sweep"}
"""Loops that run often, or as soon as they have work, so tests don't need to start a round."""
WAIT_FOR_THE_WRITER = {"samples"}
"""Loops that wait for `group commit`, so they can't complete a round while it fails."""
NUMBERS = count(1_000_000)
UNSUPERVISED = {
    "core/concurrency/background.py": "it starts the supervised loops",
    "core/concurrency/cache.py": "a single call, whose caller waits for it",
    "app/serving.py": "it waits for a signal or for Slack's refusal of the app-level token",
    "app/operator_pages.py": "the server of the health pages, for which the shutdown waits",
    "app/tracing/recording.py": "the last traces, for which the shutdown waits",
    "core/concurrency/deadline.py": "a single piece of work, whose caller waits for it",
    "app/readiness.py": "a single check of Slack and Turso, whose result the next response contains",
    "durable/durable.py": "it restarts durable work after each error, and `/readyz` reports why there is none",
    "durable/executor_locks.py": "its end means that the lock is lost",
    "pipeline/execution/act.py": "the update of a card, for which the change waits",
    "pipeline/home/home_tab.py": "a single call, whose caller waits for it",
    "pipeline/outcomes/start_delay.py": "a single note, whose caller waits for it",
    "pipeline/requests/answer_read.py": "a single call, for whose result the answer waits",
    "pipeline/probe_watches.py": "a single proof, whose failure is logged",
    "slack/incoming/socket_mode.py": "the library's own tasks, which the loop `Slack connection` replaces",
    "slack/background_tasks.py": "a single answer, whose failure is logged",
    "store/repositories/running_incidents.py": "a single call, whose caller waits for it",
}
"""Modules that start tasks by themselves, and why no loop supervises these tasks."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the sandbox with the bot over Socket Mode, because only then it has every loop."""
    async with running_sandbox(tmp_path_factory.mktemp("world"), over="socket") as found:
        shorten_pauses_between_posts(found)
        yield found


def bot_of(world: World) -> Bot:
    assert world.bot is not None
    return world.bot


async def write_something(bot: Bot) -> None:
    """Record an intent, which gives the loop `group commit` something to write."""
    number = next(NUMBERS)
    assert await bot.store.intents.record(incoming(number, key=f"loop-{number}"), actionable=False)


async def completes_a_round(bot: Bot, loop: Loop) -> None:
    """Wait until a loop completes a round without an error. If the loop runs rarely, start the round."""
    before = loop.rounds
    if loop.name not in BY_THEMSELVES:
        assert await loop.round(), f"{loop.name}: {loop.cause}"
    if loop.name == "group commit":
        await write_something(bot)
    await until(lambda: loop.rounds > before, what=loop.name)


@in_the_world
async def test_every_loop_of_the_process_is_supervised(world: World) -> None:
    assert {loop.name for loop in bot_of(world).background} == EXPECTED


def test_no_module_starts_a_task_without_supervision() -> None:
    """Every module that starts tasks by itself must be in `UNSUPERVISED` with a reason."""
    root = Path(bot.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        name = path.relative_to(root).as_posix()
        if name.startswith("sandbox/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in {"create_task", "ensure_future", "TaskGroup"}:
                found.add(name)
    assert found == set(UNSUPERVISED)


def neighbors(name: str) -> set[str]:
    """Return the loops that must keep running while one fails: in the soak all others, otherwise the next three."""
    every = sorted(EXPECTED)
    after = every[every.index(name) + 1 :] + every[: every.index(name)]
    return set(soaked(after, after[:3]))


@in_the_world
@pytest.mark.parametrize("name", sorted(EXPECTED))
async def test_a_fault_in_one_loop_stops_no_loop(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE", 0.05)
    bot, loops = bot_of(world), {loop.name: loop for loop in bot_of(world).background}
    broken, once = loops[name], loops[name].once

    async def fault() -> None:
        raise KeyError("a bug")

    broken.once = fault
    waits = asyncio.create_task(
        write_something(bot)
    )  # ends the current round of `group commit`, so that the next one runs the fault
    try:
        if name in BY_THEMSELVES:
            await until(lambda: broken.failures, what="the fault")
        else:
            await broken.round()
        well, said = {one: (well, said) for one, well, said in await bot.health.doctor()}["background work"]
        assert not well
        assert f"{name} (" in said
        assert "KeyError" in said
        assert f'turso_ops_background_failures_total{{loop="{name}"}}' in bot.metrics.text().decode()
        others = neighbors(name) - (WAIT_FOR_THE_WRITER if name == "group commit" else set())
        await asyncio.gather(*(completes_a_round(bot, loops[other]) for other in sorted(others)))
    finally:
        broken.once = once
    await completes_a_round(bot, broken)
    await waits
    assert {one: well for one, well, _ in await bot.health.doctor()}["background work"]


@in_the_world
async def test_a_person_is_answered_while_all_loops_fail_that_the_answer_does_not_need(world: World) -> None:
    bot = bot_of(world)
    faults = {loop: loop.once for loop in bot.background if loop.name not in ("group commit", "Slack connection")}

    async def fault() -> None:
        raise RuntimeError("everything at once")

    try:
        for loop in faults:
            loop.once = fault
        assert await asyncio.gather(*(loop.round() for loop in faults)) == [False] * len(faults)
        await world.person(DANA).types("/turso ls", holding="orders")
    finally:
        for loop, once in faults.items():
            loop.once = once

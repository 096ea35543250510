"""Runs all cells of one scenario of the crash matrix, a few at a time."""

import asyncio
import os
from collections import Counter
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from tests.crash.cell import Cell, CellResult, Point
from tests.crash.harness import Harness, harness
from tests.crash.scenarios import APPROVALS, CHANGES, Scenario
from tests.crash.stores import STORES, new_store
from tests.forked import ForkServer
from tests.soak import CHOICE, SOAK, one_in

ONE_IN_CHANGES, ONE_IN_APPROVALS = 4, 3
PLAYED_CHANGES = one_in(ONE_IN_CHANGES, CHANGES)
PLAYED_APPROVALS = one_in(ONE_IN_APPROVALS, APPROVALS)
PLAYED = [*PLAYED_CHANGES, *PLAYED_APPROVALS]
"""The scenarios of this run, in the order in which stores and points are assigned."""
KINDS = STORES if SOAK else ("either",)
HARNESSES = 6 if SOAK else 1
"""How many test harnesses run at a time. There may be more than cores, because cells mostly wait."""
FAMILIES = ("turso", "slack", "commit")
"""The kinds of points. In `make test`, the bot is killed at different kinds of points in neighboring scenarios."""
TAKES = "ab" if SOAK else "a"
"""The endings of the names of the databases with which a scenario is rehearsed."""
DOWN = timedelta(minutes=3)
"""How long the process stays down, by its clock, at about half of the points. It is longer than any step takes."""


async def every_cell(scenario: Scenario, kind: str, fork_server: ForkServer, postgres_server: str) -> str:
    """Run all cells of a scenario, check that the outcomes are expected, and return a line that counts them.

    In `make test`, a scenario has one cell.
    """
    ended = await Matrix(scenario, kind, fork_server, postgres_server).play()
    words = Counter(one.word for one in ended)
    held = sum(bool(one.at) for one in ended)
    assert held >= (0.8 if SOAK else 1) * len(ended)
    assert set(words) <= {"done", "done when asked again", "unknown", scenario.undone.value}
    return f"crash matrix, {scenario.name}, {kind}: {len(ended)} cells, {held} stopped and killed: {dict(words)}"


def _store_of(scenario: Scenario, choice: int) -> str:
    """Return a kind of store for a scenario.

    The next scenario gets the other kind, and so does the same scenario in the next `TEST_CHOICE` that runs it.
    """
    is_change = scenario in PLAYED_CHANGES
    times_played = choice // (ONE_IN_CHANGES if is_change else ONE_IN_APPROVALS)
    return STORES[(times_played + (PLAYED_CHANGES if is_change else PLAYED_APPROVALS).index(scenario)) % 2]


class Matrix:
    """Runs the cells of one scenario in several test harnesses at a time."""

    def __init__(self, scenario: Scenario, kind: str, fork_server: ForkServer, postgres_server: str) -> None:
        self._scenario, self._fork_server, self._postgres = scenario, fork_server, postgres_server
        self._turn = CHOICE + PLAYED.index(scenario)
        self._kind = _store_of(scenario, CHOICE) if kind == "either" else kind
        self._cells: asyncio.Queue[tuple[int, Point]] = asyncio.Queue()
        self._ended: list[CellResult] = []

    async def play(self) -> list[CellResult]:
        """Rehearse the scenario, run its cells, and return their results."""
        async with AsyncExitStack() as stack:
            harnesses = [await stack.enter_async_context(self._harness()) for _ in range(HARNESSES)]
            # The soak rehearses twice and takes the shorter list, because a daily job of the bot may run during one.
            takes = [await Cell(harnesses[0], self._scenario, f"{self._name(0)}-{take}").rehearse() for take in TAKES]
            for number, point in enumerate(self._points(min(takes, key=len)), start=1):
                self._cells.put_nowait((number, point))
            async with asyncio.TaskGroup() as group:
                for one in harnesses:
                    group.create_task(self._work(one))
        return self._ended

    def _harness(self) -> AbstractAsyncContextManager[Harness]:
        return harness(self._fork_server, new_store(self._kind, self._postgres))

    async def _work(self, one: Harness) -> None:
        while not self._cells.empty():
            number, point = self._cells.get_nowait()
            ended = await self._play(one, self._name(number), point)
            while not SOAK and not ended.at and point.number:
                # The rehearsal made more calls, such as lookups of people that are cached by now. Try an earlier point.
                point = replace(point, number=point.number // 2)
                ended = await self._play(one, f"{self._name(number)}-{point.number}", point)
            self._ended.append(ended)

    async def _play(self, one: Harness, name: str, point: Point) -> CellResult:
        try:
            ended = await Cell(one, self._scenario, name).play(point)
        except AssertionError as error:
            _note(str(error))
            raise
        _note(f"{self._scenario.name} {point.when} {point.number} [{ended.at}]: {ended.word}")
        return ended

    def _name(self, number: int) -> str:
        return f"{self._scenario.name}-{number}"

    def _points(self, passed: list[str]) -> list[Point]:
        """Return two points for each call and commit: before and after it. In `make test`, return one point in total.

        That point depends on the scenario and on `TEST_CHOICE`.
        """
        if SOAK:
            return [
                Point(when, number, (timedelta(0), DOWN)[number % 2])
                for when in ("before", "after")
                for number in range(len(passed))
            ]
        begins = self._turn % len(FAMILIES)
        counts = {family: sum(what.startswith(family) for what in passed) for family in FAMILIES}
        family = next(one for one in (*FAMILIES[begins:], *FAMILIES) if counts[one])
        stays_down = DOWN if self._turn // 2 % 2 else timedelta(0)
        number = self._turn // len(FAMILIES) % counts[family]
        return [Point("before", number, stays_down, family)]


def _note(line: str) -> None:
    """Append a result to the file that `CRASH_LOG` names, so that an interrupted soak shows its progress."""
    if log := os.environ.get("CRASH_LOG"):
        with open(log, "a") as file:
            file.write(line + "\n")

"""All cells of one scenario, a few at a time."""

import asyncio
import os
from collections import Counter
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from tests.crash.cell import Cell, Ended, Point
from tests.crash.lane import Lane, lane
from tests.crash.scenarios import APPROVALS, CHANGES, Scenario
from tests.crash.stores import STORES, new_store
from tests.forked import Nursery
from tests.soak import CHOICE, SOAK, one_in

PLAYED_CHANGES, PLAYED_APPROVALS = one_in(2, CHANGES), one_in(2, APPROVALS)
PLAYED = [*PLAYED_CHANGES, *PLAYED_APPROVALS]
"""What this run plays, in the order in which stores and points are dealt out."""
KINDS = STORES if SOAK else ("either",)
LANES = 6 if SOAK else 1
"""Cells wait much and compute little: so many worlds at a time."""
FAMILIES = ("turso", "slack", "commit")
"""What a process does to the outside: in `make test`, neighbors are killed before different ones."""
TAKES = "ab" if SOAK else "a"
DOWN = timedelta(minutes=3)
"""How long every second process stays down: longer than anything waits that is under way."""


async def every_cell(scenario: Scenario, kind: str, nursery: Nursery, postgres_server: str) -> str:
    """Play them all, and say how many there were and how they ended."""
    ended = await Matrix(scenario, kind, nursery, postgres_server).play()
    words = Counter(one.word for one in ended)
    held = sum(bool(one.at) for one in ended)
    assert held >= (0.8 if SOAK else 1) * len(ended)
    assert set(words) <= {"done", "done when asked again", "unknown", scenario.undone.value}
    return f"crash matrix, {scenario.name}, {kind}: {len(ended)} cells, {held} held and killed: {dict(words)}"


class Matrix:
    """All cells of one scenario, played in a few lanes at a time."""

    def __init__(self, scenario: Scenario, kind: str, nursery: Nursery, postgres_server: str) -> None:
        self._scenario, self._nursery, self._postgres = scenario, nursery, postgres_server
        # Neighbors get stores of different kinds, and so does the same change with the next choice.
        self._turn = CHOICE + PLAYED.index(scenario)
        self._kind = STORES[self._turn % 2] if kind == "either" else kind
        self._cells: asyncio.Queue[tuple[int, Point]] = asyncio.Queue()
        self._ended: list[Ended] = []

    async def play(self) -> list[Ended]:
        async with AsyncExitStack() as stack:
            lanes = [await stack.enter_async_context(self._lane()) for _ in range(LANES)]
            # The soak rehearses twice: what happens once a day, such as measuring usage, may fall into a rehearsal.
            takes = [await Cell(lanes[0], self._scenario, f"{self._name(0)}-{take}").rehearse() for take in TAKES]
            for number, point in enumerate(self._points(min(takes, key=len)), start=1):
                self._cells.put_nowait((number, point))
            async with asyncio.TaskGroup() as group:
                for one in lanes:
                    group.create_task(self._work(one))
        return self._ended

    def _lane(self) -> AbstractAsyncContextManager[Lane]:
        return lane(self._nursery, new_store(self._kind, self._postgres))

    async def _work(self, one: Lane) -> None:
        while not self._cells.empty():
            number, point = self._cells.get_nowait()
            ended = await self._play(one, self._name(number), point)
            while not SOAK and not ended.at and point.number:
                # The rehearsal did more, as it knew nobody's name yet. The point of this run is an earlier one.
                point = replace(point, number=point.number // 2)
                ended = await self._play(one, f"{self._name(number)}-{point.number}", point)
            self._ended.append(ended)

    async def _play(self, one: Lane, name: str, point: Point) -> Ended:
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
        """Return both sides of every point in the soak; else one point, which depends on `TEST_CHOICE`."""
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
    """Write down what a cell showed where `CRASH_LOG` says: a soak that is cut short still says how far it came."""
    if log := os.environ.get("CRASH_LOG"):
        with open(log, "a") as file:
            file.write(line + "\n")

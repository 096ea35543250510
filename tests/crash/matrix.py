"""All cells of one scenario, a few at a time."""

import asyncio
import os
from collections import Counter
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime, timedelta

from tests.crash.cell import Cell, Ended, Point
from tests.crash.lane import Lane, lane
from tests.crash.scenarios import Scenario
from tests.crash.stores import STORES, new_store
from tests.forked import Nursery

SOAK = bool(os.environ.get("SOAK"))
KINDS = STORES if SOAK else ("either",)
LANES = 6 if SOAK else 2
"""Cells wait much and compute little: so many worlds at a time."""
CELLS = 8
"""At most so many kills of one change outside the soak, which has them all."""
DOWN = timedelta(minutes=3)
"""How long every second process stays down: longer than anything waits that is under way."""


async def every_cell(scenario: Scenario, kind: str, nursery: Nursery, postgres_server: str) -> str:
    """Play them all, and say how many there were and how they ended."""
    ended = await Matrix(scenario, kind, nursery, postgres_server).play()
    words = Counter(one.word for one in ended)
    held = sum(bool(one.at) for one in ended)
    assert not SOAK or held >= 0.8 * len(ended)
    assert set(words) <= {"done", "done when asked again", "unknown", scenario.undone.value}
    return f"crash matrix, {scenario.name}, {kind}: {len(ended)} cells, {held} held and killed: {dict(words)}"


class Matrix:
    """All cells of one scenario, played in a few lanes at a time."""

    def __init__(self, scenario: Scenario, kind: str, nursery: Nursery, postgres_server: str) -> None:
        self._scenario, self._nursery, self._postgres = scenario, nursery, postgres_server
        today = datetime.now(UTC).toordinal()
        # A rotating choice: each lane has a store of the other kind than its neighbour, and than yesterday.
        self._kinds = [STORES[(number + today) % 2] if kind == "either" else kind for number in range(LANES)]
        self._cells: asyncio.Queue[tuple[int, Point]] = asyncio.Queue()
        self._ended: list[Ended] = []

    async def play(self) -> list[Ended]:
        async with AsyncExitStack() as stack:
            lanes = [await stack.enter_async_context(self._lane(kind)) for kind in self._kinds]
            # Twice: what happens once a day, such as measuring usage, may fall into a rehearsal.
            rehearsals = [await Cell(lanes[0], self._scenario, f"{self._name(0)}-{take}").rehearse() for take in "ab"]
            points = min(rehearsals)
            for number, point in enumerate(_points(points), start=1):
                self._cells.put_nowait((number, point))
            async with asyncio.TaskGroup() as group:
                for one in lanes:
                    group.create_task(self._work(one))
        return self._ended

    def _lane(self, kind: str) -> AbstractAsyncContextManager[Lane]:
        return lane(self._nursery, new_store(kind, self._postgres))

    async def _work(self, one: Lane) -> None:
        while not self._cells.empty():
            number, point = self._cells.get_nowait()
            try:
                self._ended.append(ended := await Cell(one, self._scenario, self._name(number)).play(point))
            except AssertionError as error:
                _note(str(error))
                raise
            _note(f"{self._scenario.name} {point.when} {point.number} [{ended.at}]: {ended.word}")

    def _name(self, number: int) -> str:
        return f"{self._scenario.name}-{number}"


def _points(count: int) -> list[Point]:
    """Both sides of every point in the soak; else one side of some, spread over the whole change.

    The number is of what the rehearsal did, and each run may do one more or less.
    """
    if SOAK:
        return [
            Point(when, number, down)
            for when in ("before", "after")
            for number in range(count)
            for down in (timedelta(0), DOWN)[number % 2 :: 2]
        ]
    numbers = range(0, count, -(-count // CELLS))
    return [Point("before", number, DOWN if at % 2 else timedelta(0)) for at, number in enumerate(numbers)]


def _note(line: str) -> None:
    """Write down what a cell showed where `CRASH_LOG` says: a soak that is cut short still says how far it came."""
    if log := os.environ.get("CRASH_LOG"):
        with open(log, "a") as file:
            file.write(line + "\n")

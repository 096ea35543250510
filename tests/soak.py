"""Functions that choose the part of a large matrix that `make test` runs. `make soak` runs all of it.

The choice is the same in every run, so that a new failure comes from a change and not from chance. `TEST_CHOICE=n`
chooses another part.
"""

import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

SOAK = bool(os.environ.get("SOAK"))
LIMIT_SECONDS = 3600 if SOAK else 900
"""The time limit of one test that takes long in `make soak`."""
CHOICE = int(os.environ.get("TEST_CHOICE", "0"))

T = TypeVar("T")


def soaked(soak: T, test: T) -> T:
    """Return `soak` in `make soak`, and `test` in `make test`."""
    return soak if SOAK else test


def pairs(rows: Iterable[str], columns: Iterable[str], *, times: int = 1) -> list[tuple[str, str]]:
    """Return every pair of a row and a column.

    In `make test`, return only a part, in which each row and each column occurs in at least `times` pairs, or in all of
    its pairs if they are fewer.
    """
    down, across = list(rows), list(columns)
    if SOAK:
        return [(row, column) for row in down for column in across]
    size = max(len(down), len(across))
    chosen: dict[tuple[str, str], None] = {}
    in_row, in_column = Counter[str](), Counter[str]()
    for turn in range(size):
        for at in range(size):
            row, column = pair = (down[at % len(down)], across[(at + CHOICE + turn) % len(across)])
            if pair not in chosen and (in_row[row] < times or in_column[column] < times):
                chosen[pair] = None
                in_row[row] += 1
                in_column[column] += 1
    return list(chosen)


def one_in(number: int, cases: Sequence[T]) -> list[T]:
    """Return all cases, or in `make test` only every `number`-th one. `TEST_CHOICE` decides which one is the first."""
    return [case for at, case in enumerate(cases) if SOAK or (at + CHOICE) % number == 0]


def covering(cases: Iterable[T], *values: Callable[[T], str]) -> list[T]:
    """Return all cases, or in `make test` some of them, in which every result of each function still occurs."""
    if SOAK:
        return list(cases)
    found = [(case, [(at, value(case)) for at, value in enumerate(values)]) for case in cases]
    chosen: list[T] = []
    seen: set[tuple[int, str]] = set()
    for case, its in sorted(found, key=lambda one: zlib.crc32(f"{CHOICE} {one[1]}".encode())):
        if not seen.issuperset(its):
            chosen.append(case)
            seen.update(its)
    return chosen

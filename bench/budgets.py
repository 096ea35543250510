"""The budgets: required and desired values, and how a measured figure is judged."""

from collections.abc import Mapping
from dataclasses import dataclass

Figures = Mapping[str, float]
"""Measured figures by name. `3.p50` and `3.p99` belong to budget 3, and names such as `ms.requests` to no budget."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One row of the table in `docs/performance.md`. Each part is `(key, required value, desired value)`.

    The values are upper bounds, or lower bounds with `at_least`. With `gates`, the benchmark fails if a required value
    is missed.
    """

    number: int
    what: str
    against: str
    parts: tuple[tuple[str, float, float], ...]
    at_least: bool = False
    gates: bool = False
    informs: bool = False
    """True if it has no required value, because the figure only describes the machine."""

    def met(self, figures: Figures, *, aim: bool = False) -> bool | None:
        """Return whether every part is within its required value, or its desired one with `aim`.

        None if a part wasn't measured.
        """
        if any(key not in figures for key, _, _ in self.parts):
            return None
        bounds = [(figures[key], hoped if aim else must) for key, must, hoped in self.parts]
        return all(value >= bound if self.at_least else value <= bound for value, bound in bounds)


def _one(key: str, must: float, aim: float) -> tuple[tuple[str, float, float], ...]:
    return ((key, must, aim),)


BUDGETS = (
    Budget(1, "CPU of a command that reads, through to its audit entry", "B", _one("1", 1.8, 1.4), gates=True),
    # This compares CPU time, because the requests per second of D (see `report.py`) depend more on the machine than on
    # the code.
    Budget(2, "CPU of the same command", "D", _one("2", 0.5, 0.4), gates=True),
    Budget(
        3,
        "ack p50 / p99 at 100/s, a command that reads",
        "B",
        (("3.p50", 0.15, 0.08), ("3.p99", 0.40, 0.2)),
        gates=True,
    ),
    Budget(
        4,
        "ack p50 / p99 at 20/s, a command that changes (its intent is committed first)",
        "B",
        (("4.p50", 0.5, 0.25), ("4.p99", 2, 1)),
        gates=True,
    ),
    Budget(
        5,
        "Turso takes 1 s for each call, 10 commands a second: acks over 3 s; ack p99",
        "B",
        (("5.late", 0, 0), ("5.p99", 1.0, 0.4)),
        gates=True,
    ),
    Budget(6, "ack and two messages: CPU", "B with respond() and its client", _one("6", 0.75, 0.6)),
    Budget(7, "new outgoing connections for each command, once warm", "count", _one("7", 0.02, 0), gates=True),
    Budget(8, "wrongly signed command: CPU", "B", _one("8", 0.35, 0.25)),
    Budget(9, "unsigned form of 10 MB: CPU", "B", _one("9", 0.005, 0.001)),
    Budget(
        10,
        "each further command / button: CPU of the last of 40 against the first",
        "itself",
        (("10.command", 1.05, 1.0), ("10.button", 1.05, 1.0)),
        gates=True,
    ),
    Budget(
        11,
        "RSS after 20,000 commands; growth until 60,000 (%)",
        "B; itself",
        (("11.rss", 3.0, 2.5), ("11.growth", 2, 0.5)),
    ),
    Budget(12, "start to first answer, migrations done", "B", _one("12", 5, 3.5)),
    Budget(13, "10,000 databases: bytes to first rendered page", "orjson.loads", _one("13", 2.5, 1.5)),
    Budget(
        14,
        "how long such a list holds the loop, read every 100 ms",
        "validate_json at once",
        _one("14", 0.5, 0.25),
    ),
    Budget(15, "usage of an organization of 1,000 databases: calls to Turso", "count", _one("15", 6, 1), gates=True),
    Budget(16, "press of the last approval to first request at Turso", "B's ack", _one("16", 10, 6)),
    Budget(17, "`audit` page and `requests` with 1,000,000 entries", "with 1,000", _one("17", 2, 1.2)),
    Budget(
        18,
        "two processes on one PostgreSQL: commands a second, where the load and PostgreSQL have the same cores",
        "one process",
        _one("18", 0, 0),
        at_least=True,
        informs=True,
    ),
)


def missed_gates(figures: Figures) -> list[Budget]:
    """Return the budgets with `gates` that missed a required value or couldn't be measured."""
    return [budget for budget in BUDGETS if budget.gates and not budget.met(figures)]

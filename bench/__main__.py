"""`python -m bench`: measure the budgets and print a table of them. A whole run also writes `docs/performance.md`.

Fails if a gate is missed twice, or if acknowledged changes were lost when the bot was killed.
"""

import argparse
import asyncio
import importlib.util
import sys
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import uvloop

from bench import counts, dispatch, history, latency, lifetime, pair, reading, report, throughput
from bench.budgets import missed_gates
from bench.processes import CORES, LOAD_CORE, ROOT, pin_to
from bench.systems import Fleet, fleet

Scenario = Callable[[Fleet], Awaitable[dict[str, float]]]

PAGE = ROOT / "docs" / "performance.md"
SCENARIOS: dict[str, tuple[Scenario, tuple[int, ...]]] = {
    "start": (lifetime.start, (12,)),
    "throughput": (throughput.commands, (1, 2)),
    "reading": (latency.reading, (3, 7)),
    "changing": (latency.changing, (4,)),
    "slow Turso": (latency.slow_turso, (5,)),
    "messages": (throughput.messages, (6,)),
    "refusals": (throughput.refusals, (8, 9)),
    "dispatch": (dispatch.last_against_first, (10,)),
    "memory": (lifetime.memory, (11,)),
    "lists": (lambda _: reading.lists(), (13, 14)),
    "organization usage": (counts.organization_usage, (15,)),
    "last approval": (counts.last_approval, (16,)),
    "history": (history.pages, (17,)),
    "kill": (lifetime.kill, ()),
    "pair": (pair.one_and_two, (18,)),
}
"""Each scenario, with the budgets that it measures."""


async def measure(names: Sequence[str], folder: Path) -> tuple[dict[str, float], list[str]]:
    """Run the scenarios, and repeat those with a gate that was missed or not measured. Return the figures and notes."""
    figures: dict[str, float] = {}
    notes: list[str] = []
    async with fleet(folder) as team:
        for name in names:
            await _run(name, team, figures, notes)
        missed = {budget.number for budget in missed_gates(figures)}
        for name in [one for one in names if missed & set(SCENARIOS[one][1])]:
            print(f"{name}: once more, a gate was missed", flush=True)
            await _run(name, team, figures, notes)
    if len(CORES) < 2:
        notes.append("One core only: the load and the server shared it.")
    return figures, notes


async def _run(name: str, team: Fleet, figures: dict[str, float], notes: list[str]) -> None:
    began = time.perf_counter()
    try:
        found = await SCENARIOS[name][0](team)
    except Exception as error:
        traceback.print_exc()
        notes.append(f"{name} could not be measured: {type(error).__name__}.")
        return
    figures |= found
    shown = ", ".join(f"{key} {value:.3g}" for key, value in found.items())
    print(f"{name} ({time.perf_counter() - began:.0f} s): {shown}", flush=True)


def verdict(figures: dict[str, float], names: Sequence[str]) -> list[str]:
    """Return a sentence for each missed gate, and one if acknowledged changes were lost."""
    measured = {number for name in names for number in SCENARIOS[name][1]}
    failures = [
        f"Budget {one.number} is missed: {one.what}." for one in missed_gates(figures) if one.number in measured
    ]
    if figures.get("lost", 0):
        failures.append(f"{figures['lost']:.0f} acknowledged changes were lost when the bot was killed.")
    return failures


def main() -> int:
    """Run every scenario and the benchmark of the local platform, or only the scenarios in the arguments.

    Returns 1 if a gate was missed or an acknowledged change was lost.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=", ".join(SCENARIOS))
    parser.add_argument("--no-platform", action="store_true", help="leave the local platform out")
    arguments = parser.parse_args()
    if unknown := set(arguments.scenarios) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    names = arguments.scenarios or list(SCENARIOS)
    pin_to(LOAD_CORE)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        figures, notes = uvloop.run(measure(names, Path(folder)))
    print("\n" + report.table(figures))
    if not arguments.scenarios:
        report.write(figures, notes, PAGE)
    failures = verdict(figures, names)
    print("\n".join(failures), file=sys.stderr)
    if not (arguments.scenarios or arguments.no_platform) and importlib.util.find_spec("bench.platform"):
        asyncio.run(importlib.import_module("bench.platform").main())
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

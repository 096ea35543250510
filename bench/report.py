"""Formats the budgets and the measured figures as Markdown, and writes `docs/performance.md`."""

import platform
from datetime import UTC, datetime
from pathlib import Path

from bench.budgets import BUDGETS, Budget, Figures
from bench.processes import CORES

HEAD = """\
# Performance

`make bench` writes this page. It measures the bot beside bare Slack Bolt in one run. Every figure is a ratio to a
baseline measured in the same minutes on the same core, in interleaved rounds. Figures are medians. CPU is accurate to
5%, p99 to a factor of two.

- **B** is a bare `AsyncApp` that acknowledges one slash command and does nothing (uvicorn, uvloop, httptools).
- **D** is the usual synchronous Bolt app in Flask under gunicorn with 8 threads.
- **A** is a raw ASGI app that only checks the signature.

*Must* is the limit, *Aim* the goal; *Met* says which was reached.
"""


def table(figures: Figures) -> str:
    """Return the table of budgets in Markdown."""
    lines = ["| # | What | Compared with | Must | Aim | Measured | Met |", f"|{' --- |' * 7}"]
    for budget in BUDGETS:
        sign = "≥" if budget.at_least else "≤"
        must = " / ".join("–" if budget.informs else f"{sign} {bound:g}" for _, bound, _ in budget.parts)
        aim = " / ".join("–" if budget.informs else f"{sign} {bound:g}" for _, _, bound in budget.parts)
        measured = " / ".join(_shown(figures.get(key)) for key, _, _ in budget.parts)
        number = f"**{budget.number}**" if budget.gates else str(budget.number)
        row = (number, budget.what, budget.against, must, aim, measured, _verdict(budget, figures))
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def _verdict(budget: Budget, figures: Figures) -> str:
    met = budget.met(figures)
    if met is None:
        return "not measured"
    if budget.informs:
        return "no limit"
    if not met:
        return "**missed**"
    return "aim" if budget.met(figures, aim=True) else "must"


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value == round(value) and value >= 1 else f"{value:.2g}" if value < 0.1 else f"{value:.2f}"


def absolute_figures(figures: Figures) -> str:
    """Return the absolute figures as rows of a Markdown table. They are only valid for this machine."""
    names = sorted(key for key in figures if not key.split(".")[0].isdigit() or "ms." in key or "with" in key)
    return "\n".join(f"| {name} | {figures[name]:.3g} |" for name in names)


def write(figures: Figures, notes: list[str], path: Path) -> None:
    """Write the page with the budgets, the figures and notes."""
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    machine = f"Measured on {when} on {len(CORES)} cores ({platform.machine()}), Python {platform.python_version()}."
    parts = [
        HEAD,
        machine,
        "",
        table(figures),
        "",
        "Numbers in bold are gates: `make bench` fails if their *must* is missed twice in a row.",
        "",
        *(f"- {note}" for note in notes),
        "",
        "## Behind the ratios",
        "",
        "`cpu.*` in ms per request, `rate.*` per second, `ms.*` in milliseconds, `mib.*` in MiB, `s.*` in seconds.",
        "",
        "| Figure | Value |",
        "| --- | --- |",
        absolute_figures(figures),
        "",
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")

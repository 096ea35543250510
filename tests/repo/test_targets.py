"""Decisions about a branch also depend on its sources: the database it was copied from, and that database's source.

So each `Target` for a decision is created with its sources.
"""

import ast
from collections import Counter
from pathlib import Path

import bot

ROOT = Path(bot.__file__).parent
MADE_IN = {
    "turso/models/listing.py": "from a list of databases, which has every source",
    "commands/_sources.py": "from one database, whose sources it looks up",
    "commands/databases/_new_database.py": "a new database, with the sources of the database that it is copied from",
    "core/requests/plan.py": "from a stored plan, which has the sources",
    "core/actions.py": "from a typed line; `decide_line` adds the sources",
    "pipeline/authorization/command_line.py": "adds the sources to a typed name",
    "core/policy/databases.py": "samples of patterns",
    "core/policy/rights.py": "samples of patterns",
    "core/policy/refusals.py": "to find the name that isn't in the channel",
    "core/policy/diff.py": "samples of patterns",
    "commands/_visible_names.py": "a database that no longer exists",
    "commands/databases/_triage_reading.py": "the nearest source, while Turso doesn't list the databases",
    "commands/tokens/tokens.py": "for a first check, before the list of databases is read",
    "commands/alerts/_visibility.py": "for channels in which every database may be named",
}
"""Each file that creates a `Target`, and where the target's sources come from."""


def test_targets_are_created_only_where_their_sources_are_known() -> None:
    """If this fails, use `PlanTarget.as_seen`, `Listing.with_targets`, `with_sources` or `VisibleNames` instead."""
    found: Counter[str] = Counter()
    for path in ROOT.rglob("*.py"):
        if "sandbox" not in path.parts:
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            calls = [one for one in nodes if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "Target"]
            found[path.relative_to(ROOT).as_posix()] += len(calls)
    assert {name for name, count in found.items() if count} == set(MADE_IN)

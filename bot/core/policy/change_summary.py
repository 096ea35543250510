"""A short summary of a policy change, for the audit log and the announcement."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.core.parsing.grammar import Grammar
from bot.core.policy.diff import differences
from bot.core.policy.rules import Policy

MOST: Final = 20
"""The maximum number of lines. `policy diff` shows all."""
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """The differences between two policies: who gains and who loses what."""

    lines: tuple[str, ...]
    """Each with at most `_LONGEST` characters. The end of a longer line is cut off."""
    complete: bool
    """True if `lines` has a line for every difference that `differences` finds."""


def summarize_changes(old: Policy, new: Policy, grammar: Grammar[Any], *, enough: Callable[[], bool]) -> ChangeSummary:
    """Return a short list of the differences between two policies.

    Args:
        enough: called before each difference is added. If it returns True, the comparison ends.
    """
    lines: list[str] = []
    for line in differences(*_what_differs(old, new), grammar):
        if len(lines) == MOST or enough():
            return ChangeSummary(tuple(lines), complete=False)
        lines.append(line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…")
    return ChangeSummary(tuple(lines), complete=True)


def _what_differs(old: Policy, new: Policy) -> tuple[Policy, Policy]:
    """Leave out channels that are equal in both policies, unless a part that applies to all channels has changed."""
    if any(getattr(old, name) != getattr(new, name) for name in ("ceiling", "profiles", "incidents", "workspaces")):
        return old, new
    same = {id_ for id_, one in old.channels.items() if new.channels.get(id_) == one}
    return _without(old, same), _without(new, same)


def _without(policy: Policy, channels: set[str]) -> Policy:
    kept = {id_: one for id_, one in policy.channels.items() if id_ not in channels}
    return replace(policy, channels=kept)

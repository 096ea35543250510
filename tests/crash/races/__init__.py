"""The races: two conflicting actions about each of a few databases, which reach two processes at the same time.

Each function runs one wave of its race. It checks that every database has one outcome, and returns the winners.
"""

from collections.abc import Awaitable, Callable

from tests.crash.pair import Pair
from tests.crash.races.approvals import (
    approve_against_deny,
    approve_against_expire,
    double_click,
    two_approvers,
)
from tests.crash.races.branches import extend_against_end_of_branch
from tests.crash.races.changes import switch_against_undo, two_quarantines, two_switches
from tests.crash.races.steps import OFFSETS
from tests.crash.races.timers import end_of_freeze_against_quarantine, undo_against_end_of_countdown

__all__ = ["OFFSETS", "RACES", "Race", "double_click"]

Race = Callable[[Pair, list[str]], Awaitable[list[str]]]
RACES: list[Race] = [
    double_click,
    two_approvers,
    approve_against_deny,
    approve_against_expire,
    undo_against_end_of_countdown,
    end_of_freeze_against_quarantine,
    two_quarantines,
    two_switches,
    switch_against_undo,
    extend_against_end_of_branch,
]

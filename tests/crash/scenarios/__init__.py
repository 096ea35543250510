"""The scenarios of the crash matrix: how each change is prepared, what starts it, and which outcomes are right."""

from tests.crash.scenarios.actions import (
    acknowledged,
    approve,
    approve_by_name,
    ask,
    ask_until_acknowledged,
    card_now,
    card_of,
    press_until_acknowledged,
    reveal,
)
from tests.crash.scenarios.checks import blocks, is_gone, is_switched, is_there
from tests.crash.scenarios.preparations import asked, branched, in_state, may_rewind, quarantined, ready
from tests.crash.scenarios.shared import CONFIGURATION, DATABASE, DATABASES, ROTATE, TOKENS, Scenario
from tests.crash.scenarios.table import APPROVALS, CHANGES, SCENARIOS

__all__ = [
    "APPROVALS",
    "CHANGES",
    "CONFIGURATION",
    "DATABASE",
    "DATABASES",
    "ROTATE",
    "SCENARIOS",
    "TOKENS",
    "Scenario",
    "acknowledged",
    "approve",
    "approve_by_name",
    "ask",
    "ask_until_acknowledged",
    "asked",
    "blocks",
    "branched",
    "card_now",
    "card_of",
    "in_state",
    "is_gone",
    "is_switched",
    "is_there",
    "may_rewind",
    "press_until_acknowledged",
    "quarantined",
    "ready",
    "reveal",
]

"""The policy file, which says who may run which commands in which channels, and the decisions based on it."""

from bot.core.policy.built_in_limits import acts_for, is_on, may_delegate_to, named_as, refuses_person
from bot.core.policy.decide import decide, undo_approvers
from bot.core.policy.document import Problem
from bot.core.policy.load import PolicyInvalid, load
from bot.core.policy.people import People
from bot.core.policy.rights import Right, rights_of
from bot.core.policy.rules import Binding, Incidents, Policy, Rule
from bot.core.policy.scope import Scope, depends_on_names

__all__ = [
    "Binding",
    "Incidents",
    "People",
    "Policy",
    "PolicyInvalid",
    "Problem",
    "Right",
    "Rule",
    "Scope",
    "acts_for",
    "decide",
    "depends_on_names",
    "is_on",
    "load",
    "may_delegate_to",
    "named_as",
    "refuses_person",
    "rights_of",
    "undo_approvers",
]

"""Records the policy decisions that are made while a test runs, and selects those about one command line."""

from collections.abc import Sequence
from types import ModuleType

import pytest

from bot.core.model import Action, Decision, Subject
from bot.core.policy import Policy, decide
from bot.pipeline.authorization import decision

Decided = tuple[Subject, Action, Decision]


def of_the_line(decided: Sequence[Decided], person: str, channel: str) -> list[Decided]:
    """Return the decisions about a person in a channel that have the incident profile of the first one.

    Decisions with another profile only improve the text of a refusal: they show whether an incident would help.
    """
    here = [one for one in decided if (one[0].person.id, one[0].channel.id) == (person, channel)]
    return [one for one in here if one[0].incident_profile == here[0][0].incident_profile]


def record_decisions(patch: pytest.MonkeyPatch, *modules: ModuleType) -> list[Decided]:
    """Return a list to which each policy decision is added from now on.

    `modules` are the modules whose decisions are recorded. By default, it is the pipeline's module `decision`.
    """
    found: list[Decided] = []

    def listening(policy: Policy, subject: Subject, action: Action) -> Decision:
        decided = decide(policy, subject, action)
        found.append((subject, action, decided))
        return decided

    for module in modules or (decision,):
        patch.setattr(module, "decide", listening)
    return found

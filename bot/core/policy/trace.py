"""A trace of a decision: every rule that was tried, and why it didn't match."""

from dataclasses import dataclass
from datetime import timedelta

from bot.core.model import Action, Decision, Subject, Target, Verdict
from bot.core.parsing.durations import duration_text
from bot.core.policy.built_in_limits import standing_of
from bot.core.policy.decide import decide, miss_of
from bot.core.policy.rules import Miss, Policy, Rule


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was tried. `miss` is None if it matches."""

    rule: Rule
    miss: Miss | None
    ceiling: timedelta | None = None
    """The maximum token lifetime of the policy's ceiling."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A decision and the rules that were tried. `steps` is empty if something other than rules decided."""

    decision: Decision
    steps: tuple[Step, ...]


def trace(policy: Policy, subject: Subject, action: Action) -> Trace:
    """Return the decision on an action, and the rules that were tried for its first database."""
    decision = decide(policy, subject, action)
    binding = policy.binding(subject)
    before = decision.rule is not None and decision.rule.startswith(("floor", "ceiling", "incidents"))
    if binding is None or before or decision.rule == binding.where or action.command in policy.catalogue.open_to_all:
        return Trace(decision, ())
    target = action.databases[0] if action.databases else None
    return Trace(decision, tuple(_steps(policy.rules(subject, binding), policy, subject, action, target)))


def _steps(
    rules: tuple[Rule, ...], policy: Policy, subject: Subject, action: Action, target: Target | None
) -> list[Step]:
    standing = standing_of(policy, subject.person)
    steps = []
    for rule in rules:
        steps.append(
            Step(rule, miss_of(policy, rule, subject, standing, action, target), policy.ceiling.token_lifetime)
        )
        if steps[-1].miss is None:
            break
    return steps


def lines(found: Trace) -> list[str]:
    """Format a trace: the decision, one line per rule, and what the decision requires."""
    decision = found.decision
    text = [f"{decision.verdict.value}: {decision.reason}"]
    if decision.rule:
        text.append(f"decided by {decision.rule}")
    text += [
        f"  {'match ' if step.miss is None else 'no    '} {step.rule.locator}{_reason(step)}" for step in found.steps
    ]
    if decision.verdict is Verdict.APPROVE:
        waits, starts = duration_text(decision.expires), duration_text(decision.start_within)
        text.append(f"quorum {decision.quorum}, expires in {waits}, must start within {starts} of the approval")
    if decision.direct_message and decision.verdict is not Verdict.DENY:
        text.append("sends the people in `notify` a direct message")
    if decision.requires:
        text.append(f"requires {' and '.join(sorted(decision.requires))}")
    return text


def _reason(step: Step) -> str:
    match step.miss:
        case None:
            return ""
        case Miss.COMMAND:
            return " — another command"
        case Miss.OPTIONS:
            return " — only with other options"
        case Miss.DATABASE:
            return " — another database"
        case Miss.PEOPLE:
            return f" — for {step.rule.to.words}" if step.rule.to else " — for members of the workspace"
        case Miss.UNCHECKED:
            return " — its user group couldn't be checked"
        case Miss.LIFETIME:
            limits = [step.rule.max_lifetime, *([step.ceiling] if step.ceiling is not None else [])]
            return f" — at most {duration_text(min(limits))}"

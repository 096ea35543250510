"""The output of the `policy` commands: check, explain, test and diff."""

from collections.abc import Iterable
from typing import Any

from bot.core.actions import action_of_line
from bot.core.catalogue import CommandCatalogue
from bot.core.model import Action, Verdict
from bot.core.parsing.grammar import Grammar
from bot.core.policy import cases, trace
from bot.core.policy import diff as differences
from bot.core.policy.decide import decide
from bot.core.policy.hypothetical import hypothetical_subject
from bot.core.policy.load import PolicyInvalid, load
from bot.core.policy.rules import Policy

Lines = tuple[list[str], bool]
"""Lines to print, and True if there is no error."""


def check(text: str, path: str, catalogue: CommandCatalogue, *, default_organization: str | None = None) -> Lines:
    """Validate a file. Return every error, or else every warning and a summary, with lines and keys."""
    try:
        policy = load(text, catalogue, default_organization=default_organization)
    except PolicyInvalid as invalid:
        count = len(invalid.problems)
        problems = [f"{path}: error: {problem}" for problem in invalid.problems]
        return [
            *problems,
            f"{path}: {count} {'error' if count == 1 else 'errors'}; this policy wouldn't be used.",
        ], False
    warnings = [f"{path}: warning: {problem}" for problem in policy.warnings]
    parts = [(policy.channels, "channel"), (policy.profiles, "profile"), (policy.usergroups, "user group")]
    if schedules := policy.groups - policy.usergroups:
        parts.append((schedules, "on-call schedule"))
    has = ", ".join(f"{len(part)} {name}{'' if len(part) == 1 else 's'}" for part, name in parts)
    has += f", alerts in {', '.join(one.channel_id for one in policy.alerts)}" if policy.alerts else ""
    return [*warnings, f"{path}: valid: {has}; hash {policy.hash}"], True


def explain(
    policy: Policy, command: str, grammar: Grammar[Any], *, person: str, channel: str, groups: Iterable[str] = (),
    incident: bool = False, guest: bool = False, external: bool = False,
) -> Lines:  # fmt: skip
    """Return the decision on a command, with the rules that were tried.

    Args:
        groups: the person's user groups. If empty, each user group that would change the verdict is listed, except for
            a guest or a person from another workspace.
        guest, external: True for a guest, or a person from another workspace.
    """
    action, own = action_of_line(grammar, command), frozenset(groups)
    profile = policy.incident_profile(channel) if incident else None
    subject = hypothetical_subject(
        policy, person, channel, member_of=own, incident=profile, guest=guest, external=external
    )
    found = trace.trace(policy, subject, action)
    standing = "as a guest" if guest else "from another workspace" if external else "as a full member"
    lines = [f"{person} in {channel}, {standing}: {command}", *trace.lines(found)]
    if not (own or guest or external):
        lines += _in_groups(policy, person, channel, profile, action, found.decision.verdict)
    return lines, True


def _in_groups(
    policy: Policy, person: str, channel: str, incident: str | None, action: Action, without: Verdict
) -> list[str]:
    lines = []
    for group in sorted(policy.usergroups):
        subject = hypothetical_subject(policy, person, channel, member_of=[group], incident=incident)
        decision = decide(policy, subject, action)
        if decision.verdict is not without:
            lines.append(f"as a member of {group}: {decision.verdict.value}: {decision.reason}")
    return lines


def run_cases(policy: Policy, text: str, grammar: Grammar[Any]) -> Lines:
    """Run the test cases of a policy."""
    return cases.run(policy, text, grammar)


def diff(old: Policy, new: Policy, grammar: Grammar[Any]) -> list[str]:
    """Return who gains and who loses which permissions, and the other differences that `diff.diff` finds."""
    lines = differences.diff(old, new, grammar)
    return lines or ["No one gains or loses a permission."]

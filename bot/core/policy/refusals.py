"""The sentences of decisions: why, and what would help. They name no channel, no id and no place in the file.

The reader may not know of another channel. `dispatch/refusal_hints.py` adds the channels that the reader is in.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.core.model import Action, Subject, Target, Verdict
from bot.core.parsing.durations import duration_text
from bot.core.policy.built_in_limits import standing_of
from bot.core.policy.people import People
from bot.core.policy.rules import Binding, Miss, Policy, Rule


def typed(action: Action, target: Target | None) -> str:
    """Write an action as people type it: `destroy orders --now`."""
    return "`" + " ".join([action.command, *([target.name] if target else []), *sorted(action.options)]) + "`"


def fits(rule: Rule) -> str:
    """Say how a rule decides."""
    if rule.verdict is Verdict.APPROVE:
        needed = "1 approval" if rule.quorum == 1 else f"{rule.quorum} approvals"
        return f"This needs {needed} from {rule.by.shown}."
    if rule.verdict is Verdict.BREAK_GLASS:
        within = duration_text(rule.review_within)
        return f"You may act at once; {rule.review_by.shown} must review it within {within}."
    return "A rule of this channel allows it."


def denied_by(action: Action) -> str:
    """Say that a rule denies."""
    return f"A rule of this channel denies {typed(action, None)}: only a change of the policy can allow it."


def banned(action: Action, target: Target | None) -> str:
    """Say that the ceiling denies."""
    return (
        f"The ceiling of the policy denies {typed(action, target)} in every channel: no channel's rule can lift that."
    )


def not_here(binding: Binding, target: Target) -> str:
    """Say that the database is not one of the channel's."""
    return f"`{target.name}` is not among this channel's databases ({binding.databases})."


def of_another_organization(action: Action) -> str:
    """Say that the policy has given the channel another organization since this was asked for, or shown."""
    return f"This is about the organization `{action.organization}`, which this channel can no longer use."


def reaches_others(binding: Binding) -> str:
    """Say that an action touches more than it names; which databases those are, the channel may not know."""
    return f"This would also touch databases that are not among this channel's ({binding.databases})."


UNBOUND = "The policy has nothing for this channel."


def no_rule(policy: Policy, subject: Subject, binding: Binding, action: Action, target: Target | None) -> str:
    """Say that no rule fits, and what would."""
    standing = standing_of(policy, subject.person)
    misses = [(rule, rule.miss(subject, standing, action, target)) for rule in policy.rules(subject, binding)]
    useful = [(rule, miss) for rule, miss in misses if rule.verdict is not Verdict.DENY]
    start = f"No rule of this channel lets you use {typed(action, target)}"
    if people := [rule.to for rule, miss in useful if miss is Miss.PEOPLE and rule.to]:
        return f"Only {_list(one.shown for one in people)} may use {typed(action, target)} here."
    if flags := [rule for rule, miss in useful if miss is Miss.OPTIONS]:
        ways = (one for rule in flags for one in rule.names(action.command))
        spelled = [typed(Action(action.command, one), target) for one in ways]
        return f"{start}; {_list(spelled)} would do."
    if places := [rule.databases for rule, miss in useful if miss is Miss.DATABASE and rule.databases]:
        return f"{start}: that is for {_list(str(one) for one in places)}."
    return f"{start}."


def too_long(action: Action, target: Target | None, rules: Sequence[Rule], ceiling: timedelta | None) -> str:
    """Say how long a token could live at most."""
    longest = max(rule.max_lifetime for rule in rules)
    longest = longest if ceiling is None else min(longest, ceiling)
    never = any(rule.allow_never for rule in rules) and ceiling is None
    most = f"`--expiration {duration_text(longest)}` is the longest that you may ask for here"
    return f"That token would live too long: {most}{', or `never`' if never else ''}."


GROUPS_UNKNOWN = (
    "Slack did not say who is in a user group that decides this, and without that nothing is allowed: try again soon."
)


def too_few(subject: Subject, people: People, needed: int, there: int, verb: str) -> str:
    """Say that nobody, or too few, could approve or review."""
    if people.unchecked(subject.groups):
        return GROUPS_UNKNOWN
    return (
        f"{needed} of these must {verb} it: {people.shown}; without you there {'is' if there == 1 else 'are'} "
        f"{there or 'none'}. The policy has to name more people."
    )


def nobody_for_all(quorum: int, there: int) -> str:
    """Say that no approvers have a say over every database."""
    return (
        f"It takes {quorum} who may approve for every database that this touches, and there "
        f"{'is' if there == 1 else 'are'} {there or 'none'}: ask for each database by itself."
    )


def _list(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))

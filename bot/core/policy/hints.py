"""The sentences of decisions: why, and what would help."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.core.durations import duration_text
from bot.core.model import Action, Subject, Target, Verdict
from bot.core.policy.floor import standing_of
from bot.core.policy.people import People
from bot.core.policy.rules import Binding, Miss, Policy, Rule

_MOST_CHANNELS = 3


def typed(action: Action, target: Target | None) -> str:
    """Write an action as people type it: `destroy orders --now`."""
    return "`" + " ".join([action.command, *([target.name] if target else []), *sorted(action.options)]) + "`"


def fits(rule: Rule) -> str:
    """Say which rule decides and how."""
    if rule.verdict is Verdict.APPROVE:
        people = "one" if rule.quorum == 1 else str(rule.quorum)
        return f"{rule.where} asks for the consent of {people} of these: {rule.by.words}."
    if rule.verdict is Verdict.BREAK_GLASS:
        within = duration_text(rule.review_within)
        return f"{rule.where} lets you act at once; {rule.review_by.words} must review it within {within}."
    return f"{rule.where} allows it."


def denied_by(action: Action, rule: Rule) -> str:
    """Say that a rule denies."""
    return f"{rule.where} denies {typed(action, None)} here: only a change of the policy can allow it."


def banned(action: Action, target: Target | None) -> str:
    """Say that the ceiling denies."""
    return (
        f"The ceiling of the policy denies {typed(action, target)} in every channel: no channel's rule can lift that."
    )


def not_here(policy: Policy, subject: Subject, binding: Binding, action: Action, target: Target) -> str:
    """Say that the database is not one of the channel's."""
    here = f"`{target.name}` is not among this channel's databases ({binding.databases})"
    return f"{here}: {_elsewhere(policy, subject, action, target)}."


def unbound(policy: Policy, subject: Subject, action: Action) -> str:
    """Say that the policy does not know the channel."""
    target = action.databases[0] if action.databases else None
    help_ = _elsewhere(policy, subject, action, target)
    return f"The policy has nothing for this channel ({subject.channel.id}): {help_}. `whoami` prints what to add."


def no_rule(policy: Policy, subject: Subject, binding: Binding, action: Action, target: Target | None) -> str:
    """Say that no rule fits, and what would."""
    standing = standing_of(policy, subject.person)
    misses = [(rule, rule.miss(subject, standing, action, target)) for rule in policy.rules(subject, binding)]
    useful = [(rule, miss) for rule, miss in misses if rule.verdict is not Verdict.DENY]
    start = f"No rule of this channel lets you use {typed(action, target)}"
    if people := [rule.to for rule, miss in useful if miss is Miss.PEOPLE and rule.to]:
        return f"{start}: that is for {_list(one.words for one in people)}."
    if flags := [rule for rule, miss in useful if miss is Miss.OPTIONS]:
        ways = (one for rule in flags for one in rule.names(action.command))
        spelled = [typed(Action(action.command, one), target) for one in ways]
        return f"{start}; {_list(spelled)} would do."
    if places := [rule.databases for rule, miss in useful if miss is Miss.DATABASE and rule.databases]:
        return f"{start}: that is for {_list(str(one) for one in places)}."
    return f"{start}: {_elsewhere(policy, subject, action, target)}."


def too_long(action: Action, target: Target | None, rules: Sequence[Rule], ceiling: timedelta | None) -> str:
    """Say how long a token could live at most."""
    longest = max(rule.max_lifetime for rule in rules)
    longest = longest if ceiling is None else min(longest, ceiling)
    never = any(rule.allow_never for rule in rules) and ceiling is None
    most = f"`--expiration {duration_text(longest)}` is the longest that you may ask for here"
    return f"That token would live too long: {most}{', or `never`' if never else ''}."


def unchecked(subject: Subject, rule: Rule) -> str:
    """Say that a right hangs on a group that could not be checked."""
    return groups_unknown(rule.to.unchecked(subject.groups) if rule.to else [])


def groups_unknown(groups: Sequence[str]) -> str:
    """Say that the members of user groups could not be asked for."""
    names = " and ".join(groups)
    return f"Slack did not say who is in the user group {names}, and without that nothing is allowed: try again soon."


def too_few(subject: Subject, rule: Rule, people: People, needed: int, there: int, deed: str) -> str:
    """Say that nobody, or too few, could consent or review."""
    if unknown := people.unchecked(subject.groups):
        return groups_unknown(unknown)
    return (
        f"{rule.where} needs {needed} of {people.words} to {deed} it, and without you there "
        f"{'is' if there == 1 else 'are'} {there or 'none'}: the policy has to name more people."
    )


def nobody_for_all(quorum: int, there: int) -> str:
    """Say that no approvers have a say over every database."""
    return (
        f"It takes {quorum} who may approve for every database that this touches, and there "
        f"{'is' if there == 1 else 'are'} {there or 'none'}: ask for each database by itself."
    )


def _elsewhere(policy: Policy, subject: Subject, action: Action, target: Target | None) -> str:
    """Say in which channels the same person could do it."""
    standing = standing_of(policy, subject.person)
    found = []
    for channel, binding in policy.channels.items():
        if channel == subject.channel.id or (target is not None and not binding.databases.have(target)):
            continue
        first = next((rule for rule in binding.rules if rule.miss(subject, standing, action, target) is None), None)
        if first is not None and first.verdict is not Verdict.DENY:
            found.append(channel)
    if not found:
        return "no channel lets you; ask those who keep the policy"
    more = " and others" if len(found) > _MOST_CHANNELS else ""
    return f"ask in {', '.join(sorted(found)[:_MOST_CHANNELS])}{more}"


def _list(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))

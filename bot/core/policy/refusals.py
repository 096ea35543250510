"""Denials, and the sentences of decisions: why something is denied, and what would help.

They contain no channel, ID or place in the file, because the reader might not know other channels.
`bot/pipeline/dispatch/refusal_hints.py` adds the channels that the reader is in.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.core.model import Action, Decision, Subject, Target, Verdict
from bot.core.oncall import not_said
from bot.core.parsing.durations import duration_text
from bot.core.policy.built_in_limits import standing_of
from bot.core.policy.people import People
from bot.core.policy.rules import Binding, Miss, Policy, Rule


def deny(reason: str, rule: str | None = None, *, elsewhere: bool = False) -> Decision:
    """Return a denial with its reason. `elsewhere` is True if another channel may allow the action."""
    return Decision(Verdict.DENY, reason, rule, elsewhere=elsewhere)


def as_typed(action: Action, target: Target | None) -> str:
    """Return an action as people type it: `destroy orders --now`."""
    return "`" + " ".join([action.command, *([target.name] if target else []), *sorted(action.options)]) + "`"


def fits(rule: Rule) -> str:
    """Say what a matching rule requires."""
    if rule.verdict is Verdict.APPROVE:
        needed = "1 approval" if rule.quorum == 1 else f"{rule.quorum} approvals"
        return f"This needs {needed} from {rule.by.readable}."
    if rule.verdict is Verdict.BREAK_GLASS:
        within = duration_text(rule.review_within)
        return f"This runs immediately. The review by {rule.review_by.readable} is due within {within}."
    return "This channel allows it."


def denied_by(action: Action) -> str:
    """Say that a rule denies the action."""
    return f"This channel doesn't allow {as_typed(action, None)}. An admin can change the policy."


def banned(action: Action, target: Target | None) -> str:
    """Say that the ceiling denies the action."""
    return f"The policy denies {as_typed(action, target)} in every channel."


def not_here(binding: Binding, target: Target) -> str:
    """Say that the database, or the source of a branch, doesn't belong to the channel.

    Sources of the source aren't named, because people in the channel might not know them.
    """
    names = [target.name, *target.sources[:1]]
    name = next((one for one in names if not binding.databases.matches(Target(one, target.group))), target.name)
    return f"`{name}` isn't one of this channel's databases ({binding.databases})."


def of_another_organization(action: Action) -> str:
    """Say that the channel now belongs to another organization than when this was requested."""
    return f"This channel can no longer use the organization `{action.organization}`."


def reaches_others(binding: Binding) -> str:
    """Say that an action also affects databases that don't belong to the channel, without their names."""
    return f"This channel can only use {binding.databases}, and this would also affect other databases."


UNBOUND = "The policy has no rules for this channel."


def no_rule(policy: Policy, subject: Subject, binding: Binding, action: Action, target: Target | None) -> str:
    """Say that no rule matches, and what would match."""
    standing = standing_of(policy, subject.person)
    misses = [(rule, rule.miss(subject, standing, action, target)) for rule in policy.rules(subject, binding)]
    useful = [(rule, miss) for rule, miss in misses if rule.verdict is not Verdict.DENY]
    start = f"You can't use {as_typed(action, target)} here"
    if people := [rule.to for rule, miss in useful if miss is Miss.PEOPLE and rule.to]:
        return f"Only {_join_or(one.readable for one in people)} can use {as_typed(action, target)} here."
    if flags := [rule for rule, miss in useful if miss is Miss.OPTIONS]:
        ways = (one for rule in flags for one in rule.names(action.command))
        spelled = [as_typed(Action(action.command, one), target) for one in ways]
        return f"{start}. You can use {_join_or(spelled)}."
    if places := [rule.databases for rule, miss in useful if miss is Miss.DATABASE and rule.databases]:
        return f"{start}. It is only allowed for {_join_or(str(one) for one in places)}."
    return f"{start}."


def too_long(action: Action, target: Target | None, rules: Sequence[Rule], ceiling: timedelta | None) -> str:
    """Say that a token's lifetime is too long, and how long it may be."""
    longest = max(rule.max_lifetime for rule in rules)
    longest = longest if ceiling is None else min(longest, ceiling)
    never = any(rule.allow_never for rule in rules) and ceiling is None
    most = f"The longest allowed here is `--expiration {duration_text(longest)}`"
    return f"That token would be valid for too long. {most}{', or `never`' if never else ''}."


GROUPS_UNKNOWN = "I couldn't look up the members of a user group that this depends on. Try again in a moment."


def too_few(subject: Subject, people: People, needed: int, there: int, verb: str) -> str:
    """Say that too few people could approve or review, or that a group or schedule couldn't be looked up."""
    if unchecked := people.unchecked(subject.groups):
        return f"{not_said(unchecked)}. Try again in a moment."
    wanted = "1 approval" if needed == 1 else f"{needed} approvals"
    needs = f"{wanted} from" if verb == "approve" else "a review by"
    short = f"This needs {needs} {people.readable}. {_who_can(there)} other than you can {verb} it at the moment."
    return f"{short} An admin can add more {'approvers' if verb == 'approve' else 'reviewers'} to the policy."


def nobody_for_all(quorum: int, there: int) -> str:
    """Say that too few people may approve for every database."""
    wanted = f", and {quorum} approvals are needed" if there else ""
    return f"{_who_can(there)} can approve this for all of these databases{wanted}. Request each one separately."


def _who_can(there: int) -> str:
    return "No one" if there == 0 else "Only 1 person" if there == 1 else f"Only {there} people"


def _join_or(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))

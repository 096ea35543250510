"""The differences between two policies. Who gains and who loses what is found by deciding on sample actions."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from bot.core.actions import action_of_line
from bot.core.links import Links
from bot.core.model import Action, Decision, Target, Verdict
from bot.core.parsing.durations import duration_text
from bot.core.parsing.grammar import Grammar
from bot.core.policy.alert_defaults import alert_differences
from bot.core.policy.databases import sample
from bot.core.policy.decide import decide
from bot.core.policy.hypothetical import hypothetical_subject
from bot.core.policy.people import People, union_of
from bot.core.policy.rules import Policy

ANYBODY = "any member"
_UNBOUND = "C0UNBOUND"


@dataclass(frozen=True, slots=True)
class _Who:
    """A sample person: one whom a policy names, a member of one user group, or any other member of the workspace."""

    words: str
    id: str
    member_of: tuple[str, ...] = ()
    guest: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    command: str
    pattern: str
    action: Action

    @property
    def words(self) -> str:
        return f"{self.command} on {self.pattern}"


def diff(old: Policy, new: Policy, grammar: Grammar[Any]) -> list[str]:
    """Return one line per difference in what people may do, and in on-call users, delegates, alerts and links.

    Empty if there is none.
    """
    return list(differences(old, new, grammar))


def differences(old: Policy, new: Policy, grammar: Grammar[Any]) -> Iterator[str]:
    """Yield the lines of `diff` one by one, because comparing large policies takes time."""
    yield from _oncall_users(old, new)
    yield from _delegates(old, new)
    actions, seen = _questions(old, new, grammar), set[tuple[str, ...]]()
    for place, channel, *incidents in _places(old, new):
        general: set[tuple[str, str]] = set()
        for who in _everybody(old, new):
            changes = _changes(old, new, who, channel, incidents, actions) - general
            if who.words == ANYBODY:
                general = changes
            changes = {one for one in changes if (channel, who.words, *one) not in seen}
            seen |= {(channel, who.words, *one) for one in changes}
            yield from (f"{place}: {who.words}: {text}" for text in _grouped(changes, actions))
    yield from alert_differences(old, new)
    yield from _links(old, new)


def _oncall_users(old: Policy, new: Policy) -> Iterator[str]:
    """Yield a line for each entry of `oncall_users` that was added, removed or changed."""
    for provider in sorted({*old.oncall_users, *new.oncall_users}):
        before, after = old.oncall_users.get(provider, {}), new.oncall_users.get(provider, {})
        for id_ in sorted({*before, *after}):
            if before.get(id_) != after.get(id_):
                was, now = before.get(id_, "no one"), after.get(id_, "no one")
                yield f"{provider.label} user {id_}: {was} → {now}"


def _links(old: Policy, new: Policy) -> Iterator[str]:
    """Yield a line for each changed link pattern."""
    for each in fields(Links):
        was, now = getattr(old.links, each.name), getattr(new.links, each.name)
        if was != now:
            yield f"Links of each {each.name}: {was or 'none'} → {now or 'none'}"


def _delegates(old: Policy, new: Policy) -> Iterator[str]:
    """Yield a line for each entry of `people` that may choose other delegates than before."""
    for name in sorted({*old.people, *new.people}):
        before, after = (_may_delegate_to(policy, name) for policy in (old, new))
        if before != after:
            yield f"delegates of {name}: {before} → {after}"


def _may_delegate_to(policy: Policy, name: str) -> str:
    one = policy.people.get(name)
    return ", ".join(delegates.words for _, delegates in one.delegates) or "no one" if one else "no one"


def _changes(
    old: Policy, new: Policy, who: _Who, channel: str, incidents: list[str | None], actions: list[_Question]
) -> set[tuple[str, str]]:
    """Return the question and the change for every decision that differs."""
    found = set()
    for question in actions:
        before = _answer(old, who, channel, incidents[0], question.action)
        after = _answer(new, who, channel, incidents[1], question.action)
        if before != after:
            found.add((question.words, f"{before} → {after}"))
    return found


def _grouped(changes: set[tuple[str, str]], actions: list[_Question]) -> list[str]:
    """Return one line per change, with all commands and databases to which it applies."""
    by_change: dict[str, dict[str, list[str]]] = {}
    for question in actions:
        for change in (change for words, change in changes if words == question.words):
            by_change.setdefault(change, {}).setdefault(question.command, []).append(question.pattern)
    return [
        ", ".join(_on(command, patterns) for command, patterns in commands.items()) + f": {change}"
        for change, commands in by_change.items()
    ]


def _on(command: str, patterns: list[str]) -> str:
    known = [pattern for pattern in patterns if pattern]
    return command if not known else f"{command} on {known[0] if len(known) == 1 else '(' + ', '.join(known) + ')'}"


def _answer(policy: Policy, who: _Who, channel: str, incident: str | None, action: Action) -> str:
    subject = hypothetical_subject(
        policy, who.id, channel, member_of=who.member_of, incident=incident, guest=who.guest, external=who.external
    )
    return _summary(action, decide(policy, subject, action))


def _summary(action: Action, decision: Decision) -> str:
    if decision.verdict is Verdict.DENY:
        return "denied"
    if decision.verdict is Verdict.ALLOW:
        text = "allowed"
    elif decision.verdict is Verdict.BREAK_GLASS:
        text = f"break-glass, reviewed by {_people(decision.reviewers.ids)}"
    else:
        text = f"approval of {decision.quorum} of {_people(decision.approvers.ids)}"
    if action.lifetime is not None and decision.max_lifetime is not None:
        text += f", up to {'never' if decision.allow_never else duration_text(decision.max_lifetime)}"
    return text


def _people(ids: frozenset[str]) -> str:
    """Return people as text. Members that `hypothetical_subject` invents are shown as their user group."""
    return ", ".join(sorted({id_.partition("#")[0] for id_ in ids})) or "no one"


def _places(old: Policy, new: Policy) -> Iterator[tuple[str, str, str | None, str | None]]:
    for channel in sorted(old.channels.keys() | new.channels.keys()):
        yield channel, channel, None, None
        profiles = old.incident_profile(channel), new.incident_profile(channel)
        if any(profiles):
            yield f"{channel} in an incident", channel, *profiles
    yield "any other channel", _UNBOUND, None, None
    profiles = old.incident_profile(_UNBOUND), new.incident_profile(_UNBOUND)
    if any(profiles):
        yield "any other channel in an incident", _UNBOUND, *profiles


def _everybody(old: Policy, new: Policy) -> list[_Who]:
    named: People = union_of([old.named, new.named])
    return [
        _Who(ANYBODY, "U0ANYBODY"),
        *(_Who(id_, id_) for id_ in sorted(named.users)),
        *(_Who(f"usergroup {id_}", f"{id_}#0", (id_,)) for id_ in sorted(named.usergroups)),
        *(_Who(f"guest {id_}", id_, guest=True) for id_ in sorted(named.guests)),
        *(_Who(f"external {id_}", id_, external=True) for id_ in sorted(named.externals)),
    ]


_SHORTEST = "--expiration 1s"
"""A lifetime that practically every rule permits. The decision contains the longest lifetime that its rule permits."""
_NEVER = "--expiration never"


def _questions(old: Policy, new: Policy, grammar: Grammar[Any]) -> list[_Question]:
    """Return sample actions for every flag of every command that isn't open to all, and every pattern of a database."""
    targets = _targets(old, new)
    questions: list[_Question] = []
    for spec in grammar.catalogue.commands:
        if spec.open_to_all:
            continue
        samples = targets if "name" in spec.args.model_fields else [("", Target(""))]
        for flag in ("", *spec.flags):
            words = f"{spec.name} {flag}".strip()
            usual = _SHORTEST if "expiration" in spec.args.model_fields else ""
            questions += [_question(grammar, words, pattern, target, usual) for pattern, target in samples]
            if usual:
                questions += [_question(grammar, words, pattern, target, _NEVER) for pattern, target in samples]
    return questions


def _question(grammar: Grammar[Any], words: str, pattern: str, target: Target, lifetime: str) -> _Question:
    command = f"{words} {lifetime}" if lifetime == _NEVER else words
    line = f"{words} {target.name} {lifetime}"
    return _Question(command, pattern, action_of_line(grammar, line, group=target.group))


def _targets(old: Policy, new: Policy) -> list[tuple[str, Target]]:
    patterns: dict[str, Target] = {}
    for policy in (old, new):
        bindings = [*policy.channels.values(), *([policy.incidents.binding] if policy.incidents else [])]
        rules = [rule for one in bindings for rule in one.rules]
        rules += [rule for profile in policy.profiles.values() for rule in profile]
        every = [one.databases for one in bindings]
        every += [rule.databases for rule in rules if rule.databases is not None]
        every += [ban.databases for ban in policy.ceiling.deny if ban.databases is not None]
        for pattern in (pattern for databases in every for pattern in databases.patterns):
            if target := sample(pattern):
                patterns.setdefault(pattern, target)
    return sorted(patterns.items())

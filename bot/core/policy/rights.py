"""A person's permissions in a channel, computed with the same `decide()` as when they type a command."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from typing import Final

from bot.core.actions import action_of
from bot.core.declaration import Declaration, Variant
from bot.core.model import Action, Decision, Lifetime, Never, Subject, Target, Verdict
from bot.core.parsing.argument_schema import partial_of
from bot.core.policy.databases import Databases, sample
from bot.core.policy.decide import decide
from bot.core.policy.rules import Policy

_BEST_FIRST: Final = (Verdict.ALLOW, Verdict.BREAK_GLASS, Verdict.APPROVE)
_ANY: Final = "zz-sample"
Tried = tuple[tuple[Target | None, Decision], ...]


@dataclass(frozen=True, slots=True)
class Right:
    """A command, or a variant of it, that a person may run or request in a channel."""

    command: str
    verdict: Verdict
    variant: str = ""
    """The variant's name: `read-only`. Empty if all variants have the same permissions, or there is only one."""
    only: tuple[str, ...] = ()
    """Patterns of the databases to which the permission applies. Empty for all databases of the channel."""
    but: tuple[str, ...] = ()
    """Patterns of the databases to which the permission doesn't apply."""
    longest: timedelta | None = None
    """The longest token lifetime for which this holds, if it is shorter than the default. Otherwise None."""

    @property
    def is_limited(self) -> bool:
        """Return True if the permission applies only to some variants, databases or lifetimes."""
        return bool(self.variant or self.only or self.but or self.longest)


def rights_of(policy: Policy, subject: Subject, specs: Iterable[Declaration]) -> tuple[Right, ...]:
    """Return the subject's permissions in their channel, in the order of the commands, the best verdict first.

    Each command is decided for a sample of every kind of database that rules distinguish. A rotation may still be
    denied, because it is decided for all databases of a group.
    """
    return tuple(chain.from_iterable(_of_command(policy, subject, spec) for spec in specs))


def _of_command(policy: Policy, subject: Subject, spec: Declaration) -> list[Right]:
    variants = spec.variants or (Variant("", ""),)
    plain = action_of(spec.name, partial_of(spec.args)())
    flags = [frozenset({one.flag} if one.flag else ()) for one in variants]
    by_variant = [list(_of_variant(policy, subject, spec, replace(plain, options=one))) for one in flags]
    if all(one == by_variant[0] for one in by_variant):
        return by_variant[0]
    return [
        replace(right, variant=variant.words)
        for variant, rights in zip(variants, by_variant, strict=True)
        for right in rights
    ]


def _of_variant(policy: Policy, subject: Subject, spec: Declaration, action: Action) -> Iterator[Right]:
    """Yield the permissions for the default lifetime, and better permissions for shorter lifetimes."""
    seen: set[Verdict] = set()
    for lifetime in _lifetimes(policy, subject, action):
        wanted = replace(action, lifetime=lifetime)
        tried = tuple((one, decide(policy, subject, _on(wanted, one))) for one in _targets(policy, subject, spec))
        longest = None if lifetime == action.lifetime or isinstance(lifetime, Never) else lifetime
        for verdict in _BEST_FIRST:
            if verdict in seen:
                break
            if any(decision.verdict is verdict for _, decision in tried):
                only, but = _where(_patterns(policy, subject), tried, verdict)
                yield Right(spec.name, verdict, only=only, but=but, longest=longest)
        seen |= {decision.verdict for _, decision in tried}


def _on(action: Action, target: Target | None) -> Action:
    return replace(action, databases=(target,) if target else ())


def _lifetimes(policy: Policy, subject: Subject, action: Action) -> list[Lifetime | None]:
    """Return the default token lifetime, and each shorter lifetime that is a rule's limit."""
    usual = action.lifetime
    if usual is None or isinstance(usual, Never):
        return [usual]
    binding = policy.binding(subject)
    rules = policy.rules(subject, binding) if binding else ()
    limits = {rule.max_lifetime for rule in rules if rule.names(action.command)}
    limits |= {policy.ceiling.token_lifetime} if policy.ceiling.token_lifetime else set()
    return [usual, *sorted((one for one in limits if one < usual), reverse=True)]


def _targets(policy: Policy, subject: Subject, spec: Declaration) -> list[Target | None]:
    """Return a sample of each kind of database that rules distinguish. None means no particular database."""
    field = spec.args.model_fields.get("name")
    binding = policy.binding(subject)
    if field is None or binding is None:
        return [None]
    named = [rule.databases for rule in policy.rules(subject, binding) if policy.concerns(rule, spec.name)]
    named += [ban.databases for ban in policy.ceiling.deny if policy.concerns(ban, spec.name)]
    patterns = dict.fromkeys(chain.from_iterable(one.patterns for one in [binding.databases, *named] if one))
    samples = [one for one in map(sample, patterns) if one]
    names = dict.fromkeys([*(one.name for one in samples), _ANY])
    groups = dict.fromkeys([*(one.group or "" for one in samples), ""])
    every = [Target(name, group) for name in names for group in groups]
    here: list[Target | None] = [one for one in every if binding.databases.matches(one)]
    return here + ([] if field.is_required() and here else [None])


def _patterns(policy: Policy, subject: Subject) -> Mapping[str, tuple[str, ...]]:
    """Return the database patterns of each rule and ban, by the rule's locator or the ban's place and text.

    Rules and bans about all databases are left out.
    """
    binding = policy.binding(subject)
    rules = policy.rules(subject, binding) if binding else ()
    patterns = {rule.locator: rule.databases.patterns for rule in rules if rule.databases}
    bans = policy.ceiling.deny
    return patterns | {f"{ban.where}: {ban.says}": ban.databases.patterns for ban in bans if ban.databases}


def _where(
    patterns: Mapping[str, tuple[str, ...]], tried: Tried, verdict: Verdict
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the patterns for which a verdict applies, and those for which it doesn't."""
    here = [patterns.get(decision.rule or "", ()) for _, decision in tried if decision.verdict is verdict]
    others = [patterns.get(decision.rule or "", ()) for _, decision in tried if decision.verdict is not verdict]
    if not others:
        return (), ()
    only = tuple(dict.fromkeys(chain.from_iterable(here))) if all(here) else ()
    within = Databases.of(only) if only else None
    every = dict.fromkeys(chain.from_iterable(others))
    but = tuple(one for one in every if within is None or ((found := sample(one)) and within.matches(found)))
    return tuple(one for one in only if one not in but), tuple(one for one in but if one not in only)

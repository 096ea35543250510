"""The databases that a person can see in a channel."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.core.model import Action, Subject, Target, Verdict
from bot.core.policy.built_in_limits import refuses_person, refuses_place, standing_of
from bot.core.policy.databases import Databases
from bot.core.policy.people import Membership
from bot.core.policy.rules import Ban, Policy, Rule


@dataclass(frozen=True, slots=True)
class Scope:
    """The databases of a channel. Reading commands show no others."""

    organization: str
    """Empty if the channel has no rules."""
    databases: Databases | None = None
    needs_group: bool = False
    """True if the groups of databases must be known."""
    _rules: tuple[Rule, ...] | None = field(default=None, repr=False)
    _bans: tuple[Ban, ...] = field(default=(), repr=False)
    _action: Action = field(default=Action(""), repr=False)

    @classmethod
    def of(cls, policy: Policy, subject: Subject, command: str | None) -> "Scope":
        """Return the scope of a subject. With `command`, without databases for which rules deny it."""
        binding = policy.binding(subject)
        if binding is None or refuses_person(policy, subject.person) or refuses_place(policy, subject, command or ""):
            return cls("")
        if command is None:
            every: list[Rule | Ban] = [*policy.rules(subject, binding), *policy.ceiling.deny]
            return cls(binding.organization, binding.databases, _need_group(binding.databases, every))
        standing = standing_of(policy, subject.person)
        action = Action(command)
        rules = tuple(rule for rule in policy.rules(subject, binding) if _applies(rule, subject, standing, action))
        bans = tuple(ban for ban in policy.ceiling.deny if ban.names(command))
        grouped = _need_group(binding.databases, (*rules, *bans))
        return cls(binding.organization, binding.databases, grouped, rules, bans, action)

    @property
    def covers_all(self) -> bool:
        """Return True if every database is in scope, so that none has to be checked."""
        if self.databases is None or not self.databases.everything or self._bans:
            return False
        first = self._rules[0] if self._rules else None
        return self._rules is None or (
            first is not None and first.databases is None and first.verdict is not Verdict.DENY
        )

    def names_group(self, group: str) -> bool:
        """Return True if a group may be named here: all its databases belong to the channel."""
        return self.databases is not None and (self.databases.everything or group in self.databases.groups)

    def covers(self, target: Target) -> bool:
        """Return True if the subject can see this database here."""
        if self.databases is None or not self.databases.matches(target):
            return False
        if self._rules is None:
            return True
        if any(ban.forbids(self._action, target) for ban in self._bans):
            return False
        first = next((rule for rule in self._rules if rule.applies_to(target)), None)
        return first is not None and first.verdict is not Verdict.DENY


def depends_on_names(policy: Policy, subject: Subject, command: str) -> bool:
    """Return True if a decision on a command depends on the database, so that a branch's source must be known."""
    binding = policy.binding(subject)
    if binding is None:
        return False
    meant: list[Rule | Ban] = [*policy.rules(subject, binding), *policy.ceiling.deny]
    return not binding.databases.everything or any(
        one.databases is not None and policy.concerns(one, command) for one in meant
    )


def _need_group(own: Databases, others: Iterable[Rule | Ban]) -> bool:
    return bool(own.groups) or any(one.databases is not None and one.databases.groups for one in others)


def _applies(rule: Rule, subject: Subject, standing: Membership, action: Action) -> bool:
    """Return True if the rule applies to this person and command, for some database."""
    if rule.verdict is not Verdict.DENY:
        return rule.miss(subject, standing, action, None) is None
    people = rule.to.holds(subject.person, standing, subject.groups) if rule.to else standing is Membership.MEMBER
    return people is not False and frozenset() in rule.names(action.command)

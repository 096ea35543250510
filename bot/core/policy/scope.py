"""The databases that a person can see in a channel."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.core.model import Action, Subject, Target, Verdict
from bot.core.policy.built_in_limits import refuses_person, refuses_place, standing_of
from bot.core.policy.databases import Databases
from bot.core.policy.people import Membership
from bot.core.policy.rules import Ban, Binding, Policy, Rule


@dataclass(frozen=True, slots=True)
class _RelevantRules:
    """The rules and bans that may apply to an action of one person, on any database."""

    action: Action
    rules: tuple[Rule, ...]
    bans: tuple[Ban, ...]

    @classmethod
    def of(cls, policy: Policy, subject: Subject, binding: Binding, action: Action) -> "_RelevantRules":
        standing = standing_of(policy, subject.person)
        rules = tuple(rule for rule in policy.rules(subject, binding) if _applies(rule, subject, standing, action))
        return cls(action, rules, tuple(ban for ban in policy.ceiling.deny if ban.names(action.command)))

    @property
    def may_deny(self) -> bool:
        """Return True if a ban or a rule may deny the action for some database."""
        return bool(self.bans) or any(rule.verdict is Verdict.DENY for rule in self.rules)

    def denies(self, target: Target) -> bool:
        """Return True if a ban forbids the action on a database, or the first rule about that database denies it."""
        if any(ban.forbids(self.action, target) for ban in self.bans):
            return True
        first = self._first(target)
        return first is not None and first.verdict is Verdict.DENY

    def covers(self, target: Target) -> bool:
        """Return True if a rule lets the subject run or request the action on a database."""
        return self._first(target) is not None and not self.denies(target)

    def _first(self, target: Target) -> Rule | None:
        return next((rule for rule in self.rules if rule.applies_to(target)), None)


@dataclass(frozen=True, slots=True)
class Scope:
    """The databases that a person can see in a channel, or for which they may run or request a command."""

    organization: str
    """Empty if the channel has no rules, or the person or the channel has no access."""
    databases: Databases | None = None
    needs_group: bool = False
    """True if the groups of databases must be known to decide which are in scope."""
    _command: _RelevantRules | None = field(default=None, repr=False)
    """The rules about the scope's command. None if the scope isn't for a command."""
    _outcome: _RelevantRules | None = field(default=None, repr=False)
    """The rules about the command that the scope's command runs at its end. Only their denials count."""

    @classmethod
    def of(cls, policy: Policy, subject: Subject, command: str | None, options: frozenset[str]) -> "Scope":
        """Return the scope of a subject. With `command` and its flags, leave out databases where it can't be used."""
        binding = policy.binding(subject)
        if binding is None or refuses_person(policy, subject.person) or refuses_place(policy, subject, command or ""):
            return cls("")
        if command is None:
            every: list[Rule | Ban] = [*policy.rules(subject, binding), *policy.ceiling.deny]
            return cls(binding.organization, binding.databases, _need_group(binding.databases, every))
        meant = _RelevantRules.of(policy, subject, binding, Action(command, options))
        about: list[Rule | Ban] = [*meant.rules, *meant.bans]
        outcome = None
        if (ends := policy.catalogue.outcome_of(command)) is not None:
            outcome = _RelevantRules.of(policy, subject, binding, Action(*ends))
            about += [*outcome.rules, *outcome.bans]
        grouped = _need_group(binding.databases, about)
        return cls(binding.organization, binding.databases, grouped, meant, outcome)

    @property
    def covers_all(self) -> bool:
        """Return True if every database is certainly in scope, so that none has to be checked."""
        if self.databases is None or not self.databases.everything:
            return False
        if self._command is None:
            return True
        if self._command.bans or (self._outcome is not None and self._outcome.may_deny):
            return False
        first = next(iter(self._command.rules), None)
        return first is not None and first.databases is None and first.verdict is not Verdict.DENY

    def names_group(self, group: str) -> bool:
        """Return True if a group may be named here, because all its databases belong to the channel."""
        return self.databases is not None and (self.databases.everything or group in self.databases.groups)

    def covers(self, target: Target) -> bool:
        """Return True if the database is in scope."""
        if self.databases is None or not self.databases.matches(target):
            return False
        if self._command is None:
            return True
        return self._command.covers(target) and not (self._outcome is not None and self._outcome.denies(target))


def depends_on_names(policy: Policy, subject: Subject, command: str) -> bool:
    """Return True if the decision on a command may depend on the database. Then a branch's sources must be known."""
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
    people = rule.to.includes(subject.person, standing, subject.groups) if rule.to else standing is Membership.MEMBER
    return people is not False and any(flags <= action.options for flags in rule.names(action.command))

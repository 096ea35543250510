"""A compiled, immutable policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from itertools import chain
from typing import TYPE_CHECKING, Final

from bot.core.alerts.subscriptions import AlertSubscription
from bot.core.catalogue import CommandCatalogue
from bot.core.links import NO_LINKS, Links
from bot.core.model import Action, Confirm, Detail, Lifetime, Never, QueryLiterals, Subject, Target, Verdict, Visibility
from bot.core.oncall import Provider
from bot.core.policy.databases import Databases
from bot.core.policy.document import Problem
from bot.core.policy.people import NOBODY, Membership, People, union_of

if TYPE_CHECKING:
    from bot.core.policy.scope import Scope
    from bot.core.records.incidents import Incident

Commands = Mapping[str, tuple[frozenset[str], ...]]
"""The sets of flags by command. A rule applies to a command that is run with all flags of one of its sets."""
DEFAULT_EXPIRES: Final = timedelta(hours=1)


def alternatives(commands: Commands, command: str) -> tuple[frozenset[str], ...]:
    """Return the sets of flags for which `commands` contains a command. `incident` includes `incident start`."""
    flags = commands.get(command)
    return flags if flags is not None else commands.get(command.partition(" ")[0], ())


class Miss(Enum):
    """Why a rule doesn't match."""

    COMMAND = auto()
    OPTIONS = auto()
    DATABASE = auto()
    PEOPLE = auto()
    UNCHECKED = auto()
    """The person may be in a user group that couldn't be looked up."""
    LIFETIME = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a channel or a profile."""

    where: str
    """The rule's place in the file: `channels.C0DBOPS.rules[3]`."""
    says: str
    """The rule's text: `approve token, create by dba`."""
    verdict: Verdict
    commands: Commands
    databases: Databases | None = None
    to: People | None = None
    by: People = NOBODY
    quorum: int = 1
    notify: People = NOBODY
    direct_message: bool = False
    """True if the people in `notify` also get a direct message."""
    escalate_to: tuple[People, ...] = ()
    """The people who are also reminded: one more entry with each reminder after the first, until someone responds."""
    confirm: Confirm | None = None
    expires: timedelta = DEFAULT_EXPIRES
    start_within: timedelta = timedelta(hours=1)
    requires: frozenset[Detail] = frozenset()
    max_lifetime: timedelta = timedelta(hours=24)
    allow_never: bool = False
    countdown: timedelta = timedelta(hours=24)
    undo_by: People | None = None
    visibility: Visibility | None = None
    review_by: People = NOBODY
    review_within: timedelta = timedelta(hours=24)
    blocks_while_owed: bool = False

    @property
    def locator(self) -> str:
        """Return the rule's place in the file and its text."""
        return f"{self.where}: {self.says}"

    @property
    def people(self) -> tuple[People, ...]:
        """Return the people in the rule on whom decisions depend, so without those who are only notified."""
        return tuple(one for one in (self.to, self.by, self.undo_by, self.review_by) if one is not None)

    def names(self, command: str) -> tuple[frozenset[str], ...]:
        """Return the sets of flags for which the rule names `command`. Empty if it doesn't name it."""
        return alternatives(self.commands, command)

    def miss(self, subject: Subject, standing: Membership, action: Action, target: Target | None) -> Miss | None:
        """Return why the rule doesn't match, or None if it does. The lifetime is checked last, and not for `deny`."""
        meant_with = alternatives(self.commands, action.command)
        if not meant_with:
            return Miss.COMMAND
        if not any(flags <= action.options for flags in meant_with):
            return Miss.OPTIONS
        if not self.applies_to(target):
            return Miss.DATABASE
        if self.to is None:
            meant: bool | None = standing is Membership.MEMBER
        else:
            meant = self.to.includes(subject.person, standing, subject.groups)
        if meant is False:
            return Miss.PEOPLE
        if meant is None:
            return Miss.UNCHECKED
        if action.lifetime is None or self.verdict is Verdict.DENY or self.permits(action.lifetime):
            return None
        return Miss.LIFETIME

    def permits(self, lifetime: Lifetime) -> bool:
        """Return True if the rule permits this token lifetime."""
        return self.allow_never if isinstance(lifetime, Never) else lifetime <= self.max_lifetime

    def applies_to(self, target: Target | None) -> bool:
        """Return True if the rule applies to a database. For None, a rule with `databases` applies unless it denies."""
        if self.databases is None:
            return True
        denies = self.verdict is Verdict.DENY
        return not denies if target is None else self.databases.matches(target, unknown=denies)


@dataclass(frozen=True, slots=True)
class Ban:
    """One entry of `ceiling.deny`."""

    where: str
    says: str
    commands: Commands
    databases: Databases | None

    def names(self, command: str) -> tuple[frozenset[str], ...]:
        """Return the sets of flags for which the ban names `command`. Empty if it doesn't name it."""
        return alternatives(self.commands, command)

    def forbids(self, action: Action, target: Target | None) -> bool:
        """Return True if the ban forbids the action."""
        if not any(flags <= action.options for flags in self.names(action.command)):
            return False
        if self.databases is None:
            return True
        return target is not None and self.databases.matches(target, unknown=True)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Limits that no channel can override."""

    token_lifetime: timedelta | None = None
    deny: tuple[Ban, ...] = ()


_NO_CEILING = Ceiling()


@dataclass(frozen=True, slots=True)
class Binding:
    """The rules and settings of one channel."""

    where: str
    organization: str
    databases: Databases
    rules: tuple[Rule, ...] = ()
    profile: str | None = None
    visibility: Visibility = Visibility.CHANNEL
    externally_shared: bool = False
    query_literals: QueryLiterals = QueryLiterals.HIDDEN


@dataclass(frozen=True, slots=True)
class Incidents:
    """The settings of incidents."""

    to: People
    """Who may start an incident in a channel that the policy doesn't list."""
    binding: Binding
    """The organization and the databases of such a channel while its incident is active."""
    profile: str
    """The profile of incidents in all channels."""
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy."""

    hash: str
    organizations: Mapping[str, str]
    """The environment variable with each organization's API token: `TURSO_API_TOKEN` for `acme`."""
    organization: str
    """The organization of channels that name none. May be empty.

    It is the file's `organization`, or else `TURSO_ORGANIZATION`, or else the only entry of `organizations`.
    """
    workspaces: frozenset[str]
    channels: Mapping[str, Binding]
    profiles: Mapping[str, tuple[Rule, ...]]
    ceiling: Ceiling = _NO_CEILING
    incidents: Incidents | None = None
    named: People = NOBODY
    """All people in the file's `people`, rules and `incidents`."""
    audit_head_channel: str | None = None
    policy_channel: str | None = None
    links: Links = NO_LINKS
    alerts: tuple[AlertSubscription, ...] = ()
    """The alerts that are on by default, ordered by channel."""
    warnings: tuple[Problem, ...] = ()
    people: Mapping[str, People] = field(default_factory=dict)
    oncall_users: Mapping[Provider, Mapping[str, str]] = field(default_factory=dict)
    """The Slack ID of each person in a schedule, by their ID at the provider."""
    catalogue: CommandCatalogue = field(default=CommandCatalogue(()), repr=False, compare=False)
    """The commands that the file may name."""

    @property
    def organizations_used(self) -> frozenset[str]:
        """Return the organizations that the file lists, and those of its channels and incidents."""
        places = [*self.channels.values(), *([self.incidents.binding] if self.incidents else [])]
        return frozenset({*self.organizations, self.organization, *(one.organization for one in places)} - {""})

    @property
    def usergroups(self) -> frozenset[str]:
        """Return the user groups in the file's `people`, rules and `incidents`."""
        return self.named.usergroups

    @property
    def groups(self) -> frozenset[str]:
        """Return the user groups and the keys of the schedules in the file's `people`, rules and `incidents`."""
        return self.named.lookup_groups

    def groups_in(self, channel_id: str) -> frozenset[str]:
        """Return the `groups` on which decisions in this channel may depend. If `channel_id` is empty, return all."""
        every = self.groups
        if not channel_id or not every:
            return every
        bound = self.channels.get(channel_id)
        rules = list(bound.rules) if bound is not None else []
        for profile in self.profiles.values():
            rules += profile
        people = [one for rule in rules for one in rule.people]
        if self.incidents is not None:
            people.append(self.incidents.to)
        return union_of(people).lookup_groups

    def approval_rules(self) -> list[tuple[Rule, People, int]]:
        """Return every rule that needs approval or review, with the people and how many of them it needs."""
        places = [*self.channels.values(), *([self.incidents.binding] if self.incidents else [])]
        rules = [*chain.from_iterable(one.rules for one in places), *chain.from_iterable(self.profiles.values())]
        approvals = [(rule, rule.by, rule.quorum) for rule in rules if rule.verdict is Verdict.APPROVE]
        return approvals + [(rule, rule.review_by, 1) for rule in rules if rule.verdict is Verdict.BREAK_GLASS]

    def binding(self, subject: Subject) -> Binding | None:
        """Return the binding of the subject's channel, or of its active incident. None if there is neither."""
        bound = self.channels.get(subject.channel.id)
        if bound is None and subject.incident_profile is not None and self.incidents is not None:
            return self.incidents.binding
        return bound

    def rules(self, subject: Subject, binding: Binding) -> tuple[Rule, ...]:
        """Return the rules in order: those of the incident's profile, of the channel's profile, and of the channel."""
        rules = binding.rules
        if binding.profile is not None:
            rules = self.profiles.get(binding.profile, ()) + rules
        if subject.incident_profile is not None and subject.incident_profile != binding.profile:
            rules = self.profiles.get(subject.incident_profile, ()) + rules
        return rules

    def concerns(self, entry: "Rule | Ban", command: str) -> bool:
        """Return True if a rule or a ban names a command, or the command that it runs at its end."""
        outcome = self.catalogue.outcome_of(command)
        return bool(entry.names(command)) or (outcome is not None and bool(entry.names(outcome[0])))

    def distinguishes_databases(self, subject: Subject, command: str) -> bool:
        """Return True if the decision on a command may differ between databases that the channel covers."""
        binding = self.binding(subject)
        about: list[Rule | Ban] = [*self.ceiling.deny, *(self.rules(subject, binding) if binding else ())]
        return any(one.databases is not None and self.concerns(one, command) for one in about)

    def incident_profile(self, channel_id: str) -> str | None:
        """Return the profile for incidents in this channel. None if there is no such profile."""
        if self.incidents is not None:
            return self.incidents.profile
        return "incident" if "incident" in self.profiles and channel_id in self.channels else None

    def profile_of(self, incident: "Incident") -> str | None:
        """Return an incident's profile, or None if the policy no longer has it for incidents in that channel."""
        return incident.profile if incident.profile == self.incident_profile(incident.channel_id) else None

    def longest_incident(self) -> timedelta:
        """Return the maximum duration of an incident."""
        return self.incidents.longest if self.incidents is not None else timedelta(hours=12)

    def scope(self, subject: Subject, command: str | None = None, options: frozenset[str] = frozenset()) -> "Scope":
        """Return the databases that the subject can see in their channel.

        With `command` and its flags, return only the databases for which the subject may run or request it.
        """
        from bot.core.policy.scope import Scope

        return Scope.of(self, subject, command, options)

"""Compile a validated policy file into a `Policy`."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.core.catalogue import CommandCatalogue
from bot.core.links import Links
from bot.core.model import Detail, Verdict
from bot.core.oncall import OnCall, Schedule
from bot.core.policy.alert_defaults import alert_defaults
from bot.core.policy.databases import Databases
from bot.core.policy.file import ChannelFile, IncidentsFile, OnCallFile, PeopleFile, PolicyFile, RuleFile
from bot.core.policy.people import People, union_of
from bot.core.policy.rules import Ban, Binding, Ceiling, Commands, Incidents, Policy, Rule


def build(parsed: PolicyFile, catalogue: CommandCatalogue, default_organization: str | None) -> Policy:
    """Return the policy of a file whose names and references are valid."""
    people = {name: _people(name, one) for name, one in parsed.people.items()}
    people |= {
        name: replace(people[name], delegates=((people[name], refer(one.may_delegate_to, people)),))
        for name, one in parsed.people.items()
        if one.may_delegate_to
    }
    organization = parsed.organization or default_organization or _only(parsed.organizations)
    channels = {
        id_: _binding(id_, one, people, one.organization or organization, catalogue)
        for id_, one in parsed.channels.items()
    }
    profiles = {
        name: _rules(f"profiles.{name}", profile.rules, people, catalogue) for name, profile in parsed.profiles.items()
    }
    incidents = _incidents(parsed.incidents, people, organization) if parsed.incidents else None
    organizations_alerts = ((name, one.alerts) for name, one in parsed.organizations.items())
    alerts = [
        (name, one, refer(one.to, people))
        for name, one in ((None, parsed.alerts), *organizations_alerts)
        if one is not None
    ]
    rules = [*(rule for one in channels.values() for rule in one.rules), *(r for p in profiles.values() for r in p)]
    named = [*people.values(), *(people_ for rule in rules for people_ in _named(rule))]
    tokens = {name: one.token.removeprefix("env:") for name, one in parsed.organizations.items()}
    if not tokens and organization:
        tokens = {organization: "TURSO_API_TOKEN"}
    return Policy(
        hash=_hash(parsed, organization),
        organizations=tokens,
        organization=organization,
        workspaces=frozenset(parsed.workspace),
        channels=channels,
        profiles=profiles,
        ceiling=_ceiling(parsed, catalogue),
        incidents=incidents,
        named=union_of([*named, *([incidents.to] if incidents else [])]),
        audit_head_channel=parsed.audit_head_channel,
        policy_channel=parsed.policy_channel,
        links=Links(parsed.links.ticket, parsed.links.incident),
        alerts=alert_defaults(alerts, channels),
        people=people,
        oncall_users=parsed.oncall_users,
        catalogue=catalogue,
    )


def commands_of(entries: Iterable[str], catalogue: CommandCatalogue) -> Commands:
    """Compile a rule's list of commands. `read` stands for every command with the risk READ that isn't open to all."""
    found: dict[str, set[frozenset[str]]] = {}
    for entry in entries:
        words = entry.split()
        name = " ".join(word for word in words if not word.startswith("-"))
        flags = frozenset(word for word in words if word.startswith("-"))
        for each in catalogue.read if name == "read" else (name,):
            found.setdefault(each, set()).add(flags)
    return {name: tuple(sorted(flags, key=len)) for name, flags in found.items()}


def refer(words: list[str] | None, people: Mapping[str, People]) -> People:
    """Return the people that a list of names and references stands for."""
    return union_of(people.get(word) or _reference(word) for word in words or ())


def _reference(word: str) -> People:
    prefix, colon, id_ = word.partition(":")
    if not colon:
        prefix, id_ = ("usergroup" if word.startswith("S") else "user"), word
    one = frozenset({id_})
    if prefix == "usergroup":
        return People(usergroups=one, words=word)
    if prefix == "guest":
        return People(guests=one, words=word)
    return People(externals=one, words=word) if prefix == "external" else People(users=one, words=word)


def _people(name: str, named: PeopleFile) -> People:
    return People(
        users=frozenset([*named.users, *([named.user] if named.user else [])]),
        usergroups=frozenset([*named.usergroups, *([named.usergroup] if named.usergroup else [])]),
        guests=frozenset([*named.guests, *([named.guest] if named.guest else [])]),
        externals=frozenset([*named.externals, *([named.external] if named.external else [])]),
        oncalls=frozenset([_oncall(named.oncall)] if named.oncall else []),
        words=name,
    )


def _oncall(entry: OnCallFile) -> OnCall:
    return OnCall(Schedule(entry.provider, entry.source, entry.level, entry.schedule is None), entry.risk)


def _binding(
    id_: str, one: ChannelFile, people: Mapping[str, People], organization: str, catalogue: CommandCatalogue
) -> Binding:
    where = f"channels.{id_}"
    return Binding(
        where=where,
        organization=organization,
        databases=Databases.of(tuple(one.databases)),
        rules=_rules(where, one.rules, people, catalogue),
        profile=one.profile,
        visibility=one.visibility,
        externally_shared=one.externally_shared,
        query_literals=one.query_literals,
    )


def _incidents(entry: IncidentsFile, people: Mapping[str, People], organization: str) -> Incidents:
    databases = Databases.of(tuple(entry.databases))
    binding = Binding("incidents", entry.organization or organization, databases)
    return Incidents(refer(entry.to, people), binding, entry.profile, entry.longest)


def _ceiling(parsed: PolicyFile, catalogue: CommandCatalogue) -> Ceiling:
    bans = []
    for at, ban in enumerate(parsed.ceiling.deny):
        databases = None if ban.databases is None else Databases.of(tuple(ban.databases))
        says = f"deny {', '.join(ban.commands)} on {databases or 'every database'}"
        bans.append(Ban(f"ceiling.deny[{at}]", says, commands_of(ban.commands, catalogue), databases))
    return Ceiling(parsed.ceiling.token_lifetime, tuple(bans))


def _rules(
    where: str, rules: list[RuleFile], people: Mapping[str, People], catalogue: CommandCatalogue
) -> tuple[Rule, ...]:
    return tuple(_rule(f"{where}.rules[{at}]", one, people, catalogue) for at, one in enumerate(rules))


def _rule(where: str, entry: RuleFile, people: Mapping[str, People], catalogue: CommandCatalogue) -> Rule:
    verdict, commands = next(
        (verdict, entries)
        for verdict, entries in (
            (Verdict.ALLOW, entry.allow),
            (Verdict.APPROVE, entry.approve),
            (Verdict.BREAK_GLASS, entry.break_glass),
            (Verdict.DENY, entry.deny),
        )
        if entries
    )
    given = {key: value for key in _AS_WRITTEN if (value := getattr(entry, key)) is not None}
    return Rule(
        where=where,
        says=_says(verdict, commands, entry),
        verdict=verdict,
        commands=commands_of(commands, catalogue),
        databases=None if entry.databases is None else Databases.of(tuple(entry.databases)),
        to=refer(entry.to, people) if entry.to else None,
        by=refer(entry.by, people),
        notify=refer(entry.notify, people),
        escalate_to=tuple(refer([word], people) for word in entry.escalate_to or ()),
        undo_by=refer(entry.undo_by, people) if entry.undo_by else None,
        review_by=refer(entry.review_by, people),
        requires=frozenset([*(entry.requires or ()), *([Detail.REASON] if verdict is Verdict.BREAK_GLASS else ())]),
        **given,
    )


_AS_WRITTEN = (
    "direct_message",
    "quorum",
    "confirm",
    "expires",
    "start_within",
    "max_lifetime",
    "allow_never",
    "countdown",
    "visibility",
    "review_within",
    "blocks_while_owed",
)


def _says(verdict: Verdict, commands: list[str], entry: RuleFile) -> str:
    text = f"{verdict.value} {', '.join(commands)}"
    if entry.databases is not None:
        text += f" on {', '.join(entry.databases)}"
    if entry.to:
        text += f" to {', '.join(entry.to)}"
    if entry.by:
        text += f" by {f'{entry.quorum} of ' if entry.quorum else ''}{', '.join(entry.by)}"
    return text


def _named(rule: Rule) -> list[People]:
    return [
        one
        for one in (rule.to, rule.by, rule.notify, *rule.escalate_to, rule.undo_by, rule.review_by)
        if one is not None
    ]


def _only(organizations: Mapping[str, object]) -> str:
    return next(iter(organizations)) if len(organizations) == 1 else ""


def _hash(parsed: PolicyFile, organization: str) -> str:
    """Return a hash of the file's content and the default organization.

    It doesn't depend on comments, spacing and the order of keys.
    """
    meant = {"organization": organization, "file": parsed.model_dump(mode="json")}
    return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()[:16]

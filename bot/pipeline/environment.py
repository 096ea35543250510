"""The dependencies of the pipeline: ports, the current policy and the Turso clients."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol
from weakref import WeakValueDictionary

from bot.commands.base import ChangeContext, Command, Explain
from bot.commands.follow_up import FollowUp
from bot.core.catalogue import CommandCatalogue
from bot.core.concurrency.cache import Cache
from bot.core.model import Person, Subject
from bot.core.parsing.grammar import Grammar
from bot.core.policy import Policy
from bot.core.ports import Address, Clock, Directory, Messenger, Store
from bot.core.ports.traces import NoTraces, Traces
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request
from bot.errors import BotError
from bot.pipeline.probe_watches import ProbeWatches
from bot.turso import TursoClient
from bot.turso.models import Listing

MENU_SECONDS: Final = 60.0
MENU_LISTINGS_AT_MOST: Final = 16
"""The maximum number of listings in the cache. Each may contain ten thousand databases."""
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_id(prefix: str) -> str:
    """Return an unguessable ID that people can read aloud, such as `r-` and 10 characters."""
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(10))


class Rules(Protocol):
    """The current policy. It is replaced when its file changes."""

    @property
    def policy(self) -> Policy: ...

    @property
    def problem(self) -> str | None:
        """Return why the current file can't be used, or None."""


class TursoClients(Protocol):
    """The Turso clients, one for each organization that has a token."""

    def turso(self, organization: str) -> TursoClient:
        """Return the client of an organization.

        Raises:
            BotError: the policy names no such organization, or its token isn't set.
        """


class Observer(Protocol):
    """Counts events for the metrics."""

    def command(self, command: str, outcome: str, seconds: float) -> None: ...
    def request(self, state: str) -> None: ...
    def fault(self, step: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything that the pipeline needs. `app` builds it once per process."""

    clock: Clock
    store: Store
    directory: Directory
    messenger: Messenger
    rules: Rules
    turso_clients: TursoClients
    observer: Observer
    commands: Sequence[Command]
    grammar: Grammar[Command]
    health: Callable[[], Awaitable[Sequence[tuple[str, bool, str]]]]
    """Runs the live checks of `doctor`. Returns the name of each, whether it passed, and a sentence."""
    watches: ProbeWatches = field(default_factory=ProbeWatches, init=False)
    """The probe tokens of this process."""
    menu_listings: Cache[tuple[str, str | None], Listing] = field(init=False)
    """The databases by organization and view, cached so that typing in a menu doesn't call Turso each time.

    The view is None for Home, which reads them again.
    """
    notes: OrderedDict[str, Address] = field(default_factory=OrderedDict)
    """The addresses of the private notes to people who have confirmed a request, by request ID."""
    _notification_locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    secrets: Sequence[str] = field(default=(), repr=False)
    """The secrets of this process that can be searched for in a text."""
    traces: Traces = field(default_factory=NoTraces)

    def __post_init__(self) -> None:
        async def listed(menu: tuple[str, str | None]) -> Listing:
            return await self.turso_clients.turso(menu[0]).listed()

        object.__setattr__(self, "menu_listings", Cache(listed, MENU_SECONDS, at_most=MENU_LISTINGS_AT_MOST))

    @property
    def catalogue(self) -> CommandCatalogue:
        """Return the declarations of all commands."""
        return self.grammar.catalogue

    @property
    def by_name(self) -> Mapping[str, Command]:
        """Return the commands by the name that rules use."""
        return {command.name: command for command in self.commands}

    def notification_lock(self, subject: str) -> asyncio.Lock:
        """Return the lock for the notifications about a subject, so that this process sends each once."""
        return self._notification_locks.setdefault(subject, asyncio.Lock())

    async def subject_in(self, user_id: str, channel_id: str) -> Subject:
        """Return a person in a channel where they aren't acting now. Raises Unavailable."""
        groups = self.rules.policy.groups_in(channel_id)
        return await self.with_incident(await self.directory.subject_of(user_id, channel_id, usergroups=groups))

    async def subject(self, incoming: Incoming) -> Subject:
        """Return the person who acts, with the channel and the profile of its active incident."""
        groups = self.rules.policy.groups_in(incoming.channel_id)
        return await self.with_incident(await self.directory.subject(incoming, usergroups=groups))

    async def requester_of(self, request: Request) -> Subject:
        """Return a request's requester in its channel, with their current account and groups."""
        groups = self.rules.policy.groups_in(request.channel_id)
        subject = await self.directory.subject_of(request.requester, request.channel_id, usergroups=groups)
        subject = await self.with_incident(subject)
        return await self.settling(subject, request.incident_id) if request.plan.settles else subject

    async def settling(self, subject: Subject, incident_id: str | None) -> Subject:
        """Return a person with the permissions that they have for an incident's open items.

        The incident's profile no longer applies, except that people who could thaw its freezes, revoke its tokens or
        review its operations still can. The caller checks that the item belongs to the incident.
        """
        if subject.incident_profile is not None or not incident_id:
            return subject
        incident = await self.store.incidents.get(incident_id)
        if incident is None or incident.channel_id != subject.channel.id:
            return subject
        return replace(subject, incident_profile=self.rules.policy.profile_of(incident))

    async def person_of(self, user_id: str) -> Person:
        """Return a person by ID. Raises Unavailable."""
        return (await self.directory.subject_of(user_id, "", usergroups=frozenset())).person

    async def names_of(self, user_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the display names of people. Those that Slack doesn't return are left out."""
        found = {}
        for user_id in user_ids:
            try:
                found[user_id] = (await self.person_of(user_id)).name
            except BotError:
                continue
        return found

    async def every_group(self, subject: Subject) -> Mapping[str, frozenset[str] | None]:
        """Return the members of every user group and schedule that the policy names. Raises Unavailable."""
        return (await self.subject_in(subject.person.id, "")).groups

    async def with_incident(self, subject: Subject) -> Subject:
        """Add the profile of the incident that is active in the subject's channel."""
        if not subject.channel.id:
            return subject
        incident = await self.store.incidents.running_in(subject.channel.id)
        running = incident is not None and incident.until > self.clock.now()
        profile = self.rules.policy.profile_of(incident) if incident and running else None
        return replace(subject, incident_profile=profile) if profile else subject

    def context(
        self,
        subject: Subject,
        *,
        command: str | None = None,
        organization: str | None = None,
        sent_at: datetime | None = None,
        explain: Explain | None = None,
        counted: Callable[[Request], Awaitable[Request]] | None = None,
        follow_up: FollowUp | None = None,
    ) -> ChangeContext:
        """Build the context of a command, by the current policy.

        In a channel without a binding there are no databases, but help, `whoami` and `incident start` work.

        Raises:
            BotError: the policy no longer names the organization, or its token isn't set.
        """
        policy = self.rules.policy
        scope = policy.scope(subject, command)
        name = organization or scope.organization
        organization_name = name or (policy.incidents.binding.organization if policy.incidents else policy.organization)
        return ChangeContext(
            subject=subject,
            policy=policy,
            scope=scope,
            organization=name,
            turso=self.turso_clients.turso(organization_name),
            store=self.store,
            now=self.clock.now(),
            table=self.commands,
            sent_at=sent_at,
            health=self.health,
            names_of=self.names_of,
            person_of=self.person_of,
            every_group=partial(self.every_group, subject),
            explain=explain,
            counted=counted,
            follow_up=follow_up,
        )

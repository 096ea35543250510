"""The platform itself, without HTTP: catalogue, data plane, clock, faults and calls."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw
from cachetools import LRUCache

from bot.sandbox.platform.calls import Calls
from bot.sandbox.platform.catalog import api_tokens, databases, groups, instances, organizations, quotas, usage
from bot.sandbox.platform.catalog.problems import Missing
from bot.sandbox.platform.catalog.records import Database, Instance
from bot.sandbox.platform.catalog.store import Catalog
from bot.sandbox.platform.clock import Clock
from bot.sandbox.platform.faults import Faults
from bot.sandbox.platform.hrana.journal import Journal
from bot.sandbox.platform.hrana.limits import Limits
from bot.sandbox.platform.hrana.meter import Meter
from bot.sandbox.platform.hrana.plane import DataPlane
from bot.sandbox.platform.names import Generation
from bot.sandbox.platform.tokens import RetiredKeys, Verifier

P = ParamSpec("P")
T = TypeVar("T")
_FLUSH_SECONDS = 1.0
_COMPACT_SECONDS = 300.0
_PAUSE_FACTOR = 20
_REMEMBERED = 20_000


@dataclass(frozen=True)
class Target:
    """A database and its primary instance, if it has one."""

    database: Database
    primary: Instance | None


class Turso:
    """The platform as handlers and tests use it: `platform.state.turso`."""

    def __init__(
        self, data: Path, *, organization: str, api_token: str, generation: Generation, limits: Limits | None = None
    ) -> None:
        self.data, self.organization, self.generation = data, organization, generation
        self.api_token_hash = api_tokens.digest(api_token)
        self.clock, self.calls, self.faults, self.verifier = Clock(), Calls(), Faults(), Verifier()
        self.retired = RetiredKeys()
        self.journal = Journal(data / "usage")
        self.meter = Meter(self.clock, self.journal)
        self.catalog = Catalog(data / "catalog.db")
        self.plane = DataPlane(data / "databases", self.meter, limits or Limits(), self.clock)
        self._targets: LRUCache[tuple[str, str], Target] = LRUCache(_REMEMBERED)
        self._changes = 0
        self._flushed_at = self._compacted_at = self._enforce_at = time.monotonic()
        self.catalog.run_now(_ensure_organization, organization)
        self._recover()

    def _recover(self) -> None:
        """Repair what a crash left: files without a database, and usage and sizes that aren't in the catalogue."""
        self.plane.clear_orphans(self.catalog.run_now(databases.live_ids))
        for database_id, size_bytes in self.plane.recover_commits().items():
            for primary in self.catalog.run_now(instances.every, database_id)[:1]:
                self.meter.set_size(database_id, primary.uuid, size_bytes)
        for number, (rows, queries) in self.journal.unbooked(self.catalog.run_now(usage.booked)):
            self.catalog.run_now(usage.book, rows, queries, journal=number)
        self.journal.delete_booked(self.catalog.run_now(usage.booked))

    async def read(
        self, function: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function on the catalogue that doesn't change what `target` returns. It may write anything else."""
        return await self.catalog.run(function, *args, **kwargs)

    async def change(
        self, function: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function on the catalogue, and clear the cached targets, because it may have changed them."""
        try:
            return await self.catalog.run(function, *args, **kwargs)
        finally:
            self._targets.clear()
            self._changes += 1

    async def target(self, organization: str, name: str) -> Target:
        """Return the database with this name, even if it isn't ready. Raises Missing."""
        known = self._targets.get((organization, name))
        if known is not None:
            return known
        changes = self._changes
        target = await self.read(_target, organization, name)
        if changes == self._changes:
            self._targets[organization, name] = target
        return target

    async def archive(self, organization: str, group: str) -> None:
        """Archive a group and its databases, and close their connections. Raises Missing."""
        await self.change(groups.archive, organization, group, on=True)
        members, _ = await self.read(databases.every, organization, databases.Listing(group=group))
        for database in members:
            await self.plane.disconnect(database.id)

    async def copy(self, source: Database, database_id: str, at: float | None) -> None:
        """Copy a database into the file of a new one, as it is or was at `at` (epoch seconds). Raises TooEarly."""
        primary = next(iter(await self.read(instances.every, source.id)), None)
        served = self.plane.serve(source, primary)
        with served.in_use():
            await self.plane.on_thread(served.copy, self.plane.path(database_id), at)

    async def compact_histories(self) -> None:
        """Compress the databases' histories, and delete what is older than the plan includes or exceeds the limit."""
        self._compacted_at = time.monotonic()
        for organization in await self.read(organizations.every):
            before = self.clock.time() - organization.plan.retention.total_seconds()
            for database_id in await self.read(databases.ids, organization.slug):
                await self.plane.compact_history(database_id, before)

    async def flush(self) -> None:
        """Add the usage that the data plane has measured to the catalogue."""
        self._flushed_at = time.monotonic()
        if (taken := self.meter.take()) is not None:
            number, (rows, queries) = taken
            await self.read(usage.book, rows, queries, journal=number)
            self.journal.delete_booked(number)

    async def enforce_quotas(self) -> None:
        """Block reads or writes of organizations that have used up a quota, and unblock the others.

        This takes effect with each client's next request.
        """
        began = time.monotonic()
        month = usage.month_of(self.clock.now())
        for organization in await self.read(organizations.every):
            blocked = quotas.blocks(organization, await self.read(usage.sum_of_organization, organization.slug, month))
            if blocked != (organization.blocked_reads, organization.blocked_writes):
                await self.change(organizations.block, organization.slug, reads=blocked.reads, writes=blocked.writes)
        # The pause before the next time is a multiple of how long this took, because it is slow in a big organization.
        self._enforce_at = time.monotonic() + _PAUSE_FACTOR * (time.monotonic() - began)

    async def tick(self) -> None:
        """Do regular work, such as adding usage to the catalogue. Cheap enough to be called with every request."""
        if time.monotonic() > self._flushed_at + _FLUSH_SECONDS:
            await self.flush()
            if time.monotonic() > self._enforce_at:
                await self.enforce_quotas()
        await self.plane.sweep()

    async def keep_ticking(self) -> None:
        """Call `tick` regularly until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.tick()
            if time.monotonic() > self._compacted_at + _COMPACT_SECONDS:
                await self.compact_histories()

    async def close(self) -> None:
        """Add the usage to the catalogue, and close the files."""
        self.faults.clear()
        await self.plane.close()
        await self.flush()
        self.journal.close()
        self.catalog.close()


def _target(connection: apsw.Connection, organization: str, name: str) -> Target:
    database = databases.find(connection, organization, name)
    return Target(database, next(iter(instances.every(connection, database.id)), None))


def _ensure_organization(connection: apsw.Connection, organization: str) -> None:
    """Create the organization with its default group, unless the organization exists."""
    try:
        organizations.find(connection, organization)
    except Missing:
        organizations.create(connection, organization, kind="personal")
        groups.create(connection, organization, "default", "local")

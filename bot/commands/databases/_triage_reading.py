"""Reads everything for the triage card. Calls to Turso run at the same time, each with a short time limit."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from bot.commands.base import Context
from bot.commands.databases import _holds as holds
from bot.commands.databases.list import blocks_words
from bot.commands.usage._samples import Course, courses, moment, moment_of, usual_day
from bot.core.model import Target
from bot.core.records.audit_entry import AuditEntry
from bot.core.records.holds import Hold
from bot.core.records.tokens import LedgerToken
from bot.turso import Database, DatabaseNotFound, Listed, TursoError, first_known
from bot.turso.models import Configuration, Listing, TopQuery, Usage

T = TypeVar("T")
CALL_SECONDS: Final = 2.0
"""The time limit for each call, in seconds. The card must appear within three seconds."""
DAYS: Final = 14
CHANGES: Final = 5
PAGE: Final = 100
PAGES: Final = 20
"""The most pages of the audit log that are searched for the last changes."""


@dataclass
class Findings:
    """What is known about a database."""

    name: str
    now: datetime
    database: Database | None = None
    configuration: Configuration | None = None
    today: Usage | None = None
    """Usage since midnight (UTC)."""
    month: Usage | None = None
    """Usage this month instead of today's, if the API only has months."""
    usual: Usage | None = None
    daily: Mapping[date, Usage] = field(default_factory=dict)
    courses: Mapping[str, Course] = field(default_factory=dict)
    """What samples say about databases with this name, by `DbId`."""
    queries: list[TopQuery] | None = None
    listed: Listed | None = None
    """Its entry in the list of databases. None if Turso didn't list them, or if it isn't visible here."""
    listing: Listing | None = None
    """Every database of the organization. None if Turso didn't list them."""
    siblings: list[str] | None = None
    """The names of the group's other databases that this channel may use."""
    members: Sequence[Target] = ()
    """Every database of its group, to judge commands that affect all of them. Not for display.

    Empty if unknown, and for a database without a group or one that isn't visible here.
    """
    changes: list[AuditEntry] = field(default_factory=list)
    tokens: list[LedgerToken] = field(default_factory=list)
    own_holds: list[Hold] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return its `DbId`. Empty if no call returned it."""
        known = self.database or self.listed
        return known.id if known else ""

    @property
    def causes(self) -> list[str]:
        """Return what blocks it, to follow `Blocked by`."""
        return [holds.cause(hold) for hold in self.own_holds]

    @property
    def blocked(self) -> bool:
        """Return True if Turso says that reads or writes are blocked."""
        return bool(self._switch("block_reads")) or self.blocks_writes

    @property
    def blocks_writes(self) -> bool:
        """Return True if Turso says that writes are blocked."""
        return bool(self._switch("block_writes"))

    @property
    def protected(self) -> bool | None:
        """Return whether delete protection is on. None if Turso doesn't report it."""
        return self._switch("delete_protection")

    @property
    def group(self) -> str | None:
        """Return its group. None if no call returned it."""
        known = self.database or self.listed
        return known.group if known else None

    @property
    def target(self) -> Target:
        """Return the database as the policy sees it: with all its sources if Turso listed them, or else the nearest."""
        if found := next((one for one in self.members if one.name == self.name), None):
            return found
        known = self.database or self.listed
        source = known.source if known else None
        return Target(self.name, self.group, (source.name,) if source else ())

    @property
    def is_archived(self) -> bool:
        """Return True if Turso says that it is archived, so that it doesn't respond."""
        return any(one.is_archived for one in (self.database, self.listed) if one is not None)

    @property
    def state(self) -> str:
        """Return its state in a few words."""
        if self.database is None and self.configuration is None and not self.is_archived:
            return "state unknown"
        words = ["archived"] if self.is_archived else []
        words += blocks_words(self._switch("block_reads"), self._switch("block_writes"))
        # the configuration alone doesn't say whether it is archived, and an archived database isn't open
        nothing = "open" if self.database or self.listed else "not blocked"
        return ", ".join(words) or nothing

    @property
    def part_of_day(self) -> float:
        """Return the fraction of today (UTC) that has passed, at least 0.02."""
        clock = self.now.astimezone(UTC)
        return max(0.02, (clock.hour * 3600 + clock.minute * 60 + clock.second) / 86_400)

    def _switch(self, name: str) -> bool | None:
        """Return True if the flag is on in the configuration or the database. None if neither has it."""
        flags = [getattr(one, name) for one in (self.configuration, self.database) if one is not None]
        return True if any(flags) else first_known(*flags)


async def read(ctx: Context, name: str) -> Findings:
    """Read everything about a database at the same time.

    Raises:
        DatabaseNotFound: there is no database of that name.
    """
    midnight = ctx.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    turso = ctx.turso
    findings = Findings(name, ctx.now)
    database, configuration, usage, queries, findings.listing, _ = await asyncio.gather(
        _attempt(findings, "properties", turso.database(name)),
        _attempt(findings, "configuration", turso.configuration(name)),
        _attempt(findings, "usage", turso.database_usage(name, since=midnight, until=ctx.now)),
        _attempt(findings, "top queries", turso.top_queries(name, since=ctx.now - timedelta(days=1))),
        _attempt(findings, "group", turso.listed()),
        _read_store(ctx, findings),
    )
    findings.database, findings.configuration, findings.queries = database, configuration, queries
    if findings.listing is not None:
        _note_group(ctx, findings, findings.listing)
    _drop_other_databases(findings)
    if usage is not None:
        findings.today, findings.month = (None, usage.usage) if usage.is_of_month else (usage.usage, None)
    return findings


def _note_group(ctx: Context, found: Findings, listing: Listing) -> None:
    """Set the list entry and the group's databases. They stay empty if this channel may not use the database."""
    visible = ctx.visible(listing)
    own = found.listed = next((one for one in visible if one.name == found.name), None)
    group = own.group if own else ""
    found.siblings = sorted(one.name for one in visible if group and one.group == group and one.name != found.name)
    if not listing.left_out:
        found.members = [target for one, target in listing.with_targets() if group and one.group == group]


async def _attempt(found: Findings, what: str, call: Awaitable[T]) -> T | None:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await call
    except DatabaseNotFound:
        if what == "properties":
            raise
    except (TursoError, TimeoutError):
        pass
    found.missing.append(what)
    return None


async def _read_store(ctx: Context, found: Findings) -> None:
    """Read the store: changes, holds, tokens and samples."""
    found.changes = await _changes(ctx, found.name)
    held = await ctx.store.holds.find(organization=ctx.organization)
    found.own_holds = [hold for hold in held if hold.database == found.name]
    tokens = await ctx.store.tokens.find(organization=ctx.organization, live_at=ctx.now)
    found.tokens = [token for token in tokens if token.database == found.name]
    found.courses = await _courses(ctx, found.name)


def _drop_other_databases(found: Findings) -> None:
    """Remove records of other databases with this name if the `DbId` is known. Set the daily and the usual usage."""
    if found.id:
        found.own_holds = [one for one in found.own_holds if one.database_id == found.id]
        found.tokens = [one for one in found.tokens if one.database_id == found.id]
        found.courses = {key: one for key, one in found.courses.items() if key == found.id}
    if course := max(found.courses.values(), key=lambda one: one.until, default=None):
        found.daily = course.daily
        found.usual = usual_day(course, found.now.astimezone(UTC).date())


async def _changes(ctx: Context, name: str) -> list[AuditEntry]:
    """Return the last entries about a database's name, except reads. Searches up to `PAGES` pages of the audit log."""
    changes: list[AuditEntry] = []
    before = None
    for _ in range(PAGES):
        rows = await ctx.store.audit.page(before_seq=before, limit=PAGE, databases=[name])
        changes += [one for _, one in rows if one.event != "read" and one.organization in ("", ctx.organization)]
        if len(changes) >= CHANGES or len(rows) < PAGE:
            break
        before = rows[-1][0]
    return changes[:CHANGES]


async def _courses(ctx: Context, name: str) -> dict[str, Course]:
    midnight = ctx.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=DAYS)
    samples = await ctx.store.samples.find(
        organization=ctx.organization,
        since=(since - timedelta(days=2)).date().isoformat(),
        until=moment(ctx.now),
        databases=[name],
    )
    return courses([one for one in samples if moment_of(one) <= midnight], since=since)

"""Reads the database for a plan, with the facts that approvers read, and finds the tokens of databases."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from bot.blocks.text import Mrkdwn, counted, listed, mrkdwn, number, size
from bot.commands._sources import with_sources
from bot.commands.base import Context
from bot.core.records.tokens import LedgerToken
from bot.core.requests.plan import Plan, PlanTarget
from bot.turso import Database, DatabaseNotFound, TursoError
from bot.turso.models import DatabaseUsage, Usage

T = TypeVar("T")
LAST_DAYS = timedelta(days=7)
PATIENCE_SECONDS = 6
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A database as it was when the plan was made."""

    database: Database
    target: PlanTarget
    facts: dict[str, str]
    tokens: list[LedgerToken]


async def attempt(call: Awaitable[T]) -> T | None:
    """Return the result of a call. None if it fails with a TursoError or takes longer than `PATIENCE_SECONDS`.

    For facts that are useful but not needed.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await call
    except (TursoError, TimeoutError):
        return None


def unreported(parts: Sequence[str]) -> Mrkdwn:
    """Return a warning that Turso didn't report these parts of a database, such as `usage`."""
    return mrkdwn(":warning: Turso didn't report the {}.", listed([mrkdwn("{}", one) for one in parts], last="or"))


def left_out_note(count: int) -> Mrkdwn:
    """Return a note that says how many databases a list or a total leaves out, and why."""
    verb, them = ("is", "it") if count == 1 else ("are", "them")
    return mrkdwn(
        "{} {} left out, because Turso's data about {} can't be read.", counted(count, "database"), verb, them
    )


async def snapshot(ctx: Context, name: str) -> Snapshot:
    """Read a database with its size, recent usage and active tokens issued by Turso Ops.

    Makes two calls, and at most one for each source of a branch. Usage that Turso doesn't return is unknown.

    Raises:
        DatabaseNotFound: there is no database with that name.
        TursoError: another call for the database or a source failed.
    """
    since = ctx.now - LAST_DAYS
    database, usage = await asyncio.gather(
        ctx.turso.database(name), attempt(ctx.turso.database_usage(name, since=since, until=ctx.now))
    )
    tokens = await live_tokens(ctx, [database.id])
    used = usage.usage if usage else None
    target = replace(await plan_target(ctx, database), size_bytes=used.storage_bytes if used else None)
    return Snapshot(database, target, _facts(usage, tokens), tokens)


async def read_target(ctx: Context, name: str) -> PlanTarget:
    """Read a database for a plan without its size, usage and tokens.

    Makes one call, and at most one for each source of a branch.
    """
    return await plan_target(ctx, await ctx.turso.database(name))


async def require_known(ctx: Context, name: str) -> None:
    """Raise DatabaseNotFound if this channel has no such database: an unknown name must not get an empty answer.

    Raises:
        DatabaseNotFound: Turso has no database with that name, or it isn't one of this channel's.
    """
    if not ctx.scope.covers(await with_sources(ctx.turso, await ctx.turso.database(name))):
        raise DatabaseNotFound(name)


async def plan_target(ctx: Context, database: Database) -> PlanTarget:
    """Return the identity of a database, for a plan. Makes at most one call for each source of a branch."""
    sources = (await with_sources(ctx.turso, database)).sources
    return PlanTarget(database.name, database.id, database.group or None, database.delete_protection, sources=sources)


async def live_tokens(ctx: Context, ids: Sequence[str]) -> list[LedgerToken]:
    """Return the tokens issued by Turso Ops for these databases that may work now."""
    return await ctx.store.tokens.find(organization=ctx.organization, database_ids=ids, live_at=ctx.now)


def target_of(plan: Plan) -> PlanTarget:
    """Return the database of a plan. Raises ValueError if the plan has none."""
    if plan.target is None:
        raise ValueError("this plan is about no database")
    return plan.target


def list_names(names: Sequence[str], *, at_most: int = 12) -> str:
    """Join names with commas, shortened to `at_most` and the number of others. Without names, return `none`."""
    shown = ", ".join(names[:at_most])
    return f"{shown} and {len(names) - at_most} more" if len(names) > at_most else shown or "none"


def _facts(usage: DatabaseUsage | None, tokens: list[LedgerToken]) -> dict[str, str]:
    used = usage.usage if usage else Usage()
    span = "this month" if usage and usage.is_of_month else "7 days"
    holders = len({token.holder for token in tokens})
    held = f" (held by {counted(holders, 'person', 'people')})" if tokens else ""
    return {
        "Size": UNKNOWN if used.storage_bytes is None else size(used.storage_bytes),
        f"Rows read, {span}": UNKNOWN if used.rows_read is None else number(used.rows_read),
        f"Rows written, {span}": UNKNOWN if used.rows_written is None else number(used.rows_written),
        "Active tokens": f"{len(tokens)}{held}",
    }

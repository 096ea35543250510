"""Rewinds, from the requests that made them: the copy, its time, and what was decided about it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from bot.blocks.text import utc
from bot.commands._existing_databases import PlannedDatabase, drop_gone
from bot.commands._targets import target_of
from bot.commands.base import Context
from bot.commands.databases import _holds as holds
from bot.commands.databases._new_database import existing
from bot.core.parsing.arguments import DatabaseName, Positional
from bot.core.ports import ReadStore
from bot.core.requests.request import Request, State
from bot.core.requests.seen_times import changed_at
from bot.errors import BadInput
from bot.turso import Database

REWIND: Final = "rewind"
COPY: Final = "copy"
"""Key in a plan's arguments: the name of the copy."""
AT: Final = "at"
"""Key in a plan's arguments: the time of the copy, as ISO text in UTC."""


@dataclass(frozen=True, slots=True)
class CopyDecision:
    """What can be done with a copy, as phrases in which `{}` is the copy."""

    to_do: str
    done: str


DECISIONS: Final = {
    "rewind switch": CopyDecision("switch to {}", "switched to {}"),
    "rewind keep": CopyDecision("keep {} as a branch", "kept {} as a branch"),
    "rewind discard": CopyDecision("discard {}", "discarded {}"),
}
OTHER_DECISION: Final = CopyDecision("decide what happens to {}", "decided what happens to {}")


@dataclass(frozen=True, slots=True)
class Rewind:
    """A copy of a database as it was at an earlier time, and the request that created it."""

    request: Request
    decided: Request | None = None
    """The request that decides about the copy, if there is one."""

    @property
    def copy(self) -> str:
        """Return the name of the copy."""
        return str(self.request.plan.arguments[COPY])

    @property
    def copy_id(self) -> str:
        """Return the `DbId` of the copy. Empty if Turso didn't return it."""
        return str(self.request.facts.get("id") or "")

    @property
    def source(self) -> str:
        """Return the name of the database that was copied."""
        return target_of(self.request.plan).name

    @property
    def source_id(self) -> str:
        """Return the `DbId` of the database that was copied."""
        return target_of(self.request.plan).id

    @property
    def at(self) -> datetime:
        """Return the time as of which the database was copied."""
        return moment_of(self.request.plan.arguments)


def moment_of(arguments: Mapping[str, Any]) -> datetime:
    """Return the time in a plan's arguments."""
    return datetime.fromisoformat(arguments[AT]).astimezone(UTC)


def exact(at: datetime) -> str:
    """Return a time to the second in UTC, even where readers otherwise see their own time zone."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


class DecisionArgs(BaseModel):
    """The arguments of each decision: the database that was rewound, and which copy if there are several."""

    name: Annotated[DatabaseName, Positional()]
    of_copy: DatabaseName | None = Field(None, alias="copy")


async def open_rewind(ctx: Context, name: str, copy: str | None) -> Rewind:
    """Return the rewind of a database whose copy still waits for a decision.

    Args:
        copy: the copy's name. Without it, there must not be several such rewinds whose copies still exist.
    Raises:
        BadInput: there is none, there are several, the ID of the copy isn't known, or somebody has already decided.
    """
    rewinds = [one for one in await _rewinds(ctx, name) if copy in (None, one.copy)]
    if not rewinds:
        what = f"`{copy}` isn't a rewind copy of `{name}`" if copy else f"There is no rewind of `{name}`"
        raise BadInput(f"{what}. Create one with `/turso rewind {name} --to TIME`.")
    waiting = [one for one in rewinds if one.decided is None]
    if len(waiting) > 1:
        waiting = await _with_copies(ctx, waiting) or waiting[:1]
    if len(waiting) > 1:
        copies = ", ".join(f"`{one.copy}`" for one in waiting[:4])
        raise BadInput(f"There are several copies of `{name}`. Add `--copy` with one of them: {copies}.")
    if not waiting:
        raise BadInput(why_decided(rewinds[0]))
    if not waiting[0].copy_id:
        raise BadInput(f"Turso didn't return the ID of `{waiting[0].copy}`, so I can't be sure which database it is.")
    return waiting[0]


async def undecided(ctx: Context, channel_id: str) -> list[Rewind]:
    """Return the rewinds that were requested in a channel and whose copies exist and still wait for a decision.

    If Turso doesn't respond, or didn't return the ID of a copy, the copy counts as existing.
    """
    made = await ctx.store.requests.find(states=[State.SUCCEEDED], command=REWIND, channel_id=channel_id)
    waiting = [Rewind(one) for one in made if await decision_about(ctx.store, one) is None]
    return await _with_copies(ctx, waiting)


async def _with_copies(ctx: Context, rewinds: Sequence[Rewind]) -> list[Rewind]:
    """Return the rewinds whose copies exist, as far as is known."""
    copies = [PlannedDatabase(one.copy, one.copy_id) for one in rewinds if one.copy_id]
    left = {one.database_id for one in await drop_gone(ctx.turso, copies)}
    return [one for one in rewinds if not one.copy_id or one.copy_id in left]


async def makers_of(ctx: Context, copy_ids: Collection[str]) -> Mapping[str, str]:
    """Return the requester of the rewind that created each of these databases, by `DbId`. Others are left out."""
    if not copy_ids:
        return {}
    made = await ctx.store.requests.find(states=[State.SUCCEEDED], command=REWIND)
    own = (one for one in made if one.organization == ctx.organization)
    return {Rewind(one).copy_id: one.requester for one in own if Rewind(one).copy_id in copy_ids}


async def decision_about(store: ReadStore, made: Request) -> Request | None:
    """Return the request that decides about the copy of a rewind, by the rewind's ID or the copy's `DbId`, or None."""
    copy_id = Rewind(made).copy_id
    return await store.requests.decided_by(*filter(None, (made.id, copy_id)))


async def copy_of(ctx: Context, rewind: Rewind) -> Database:
    """Read the copy, and check that it is the one that the rewind created.

    Raises:
        BadInput: it no longer exists, or another database has its name.
        TursoError: Turso didn't return it.
    """
    database = await existing(ctx.turso, rewind.copy)
    if database is None or database.id != rewind.copy_id:
        raise BadInput(why_no_copy(rewind.copy, database))
    return database


async def why_copy_goes(ctx: Context, copy_id: str) -> str | None:
    """Return a sentence if a copy is in quarantine, which may end with its destruction. None if it isn't."""
    held = await holds.open_quarantine(ctx.store, copy_id)
    return holds.in_quarantine(held) if held else None


async def why_unusable(ctx: Context, copy: Database) -> str | None:
    """Return a sentence if clients can't use a copy: it is in quarantine, archived or blocked. None if they can.

    Raises:
        Unavailable: Turso doesn't report whether it is blocked.
    """
    if why := await why_copy_goes(ctx, copy.id):
        return why
    if copy.is_archived:  # if Turso doesn't report this, `rewind switch` notices later that the copy doesn't respond
        return f"`{copy.name}` is archived, so it doesn't respond. Wake it first: `/turso wake {copy.name}`."
    words = " and ".join(
        word for word, on in zip(("reads", "writes"), await holds.blocked(ctx.turso, copy.name), strict=True) if on
    )
    if words:
        return f"{words.capitalize()} to `{copy.name}` are blocked. Unblock them first: `/turso thaw {copy.name}`."
    return None


def why_no_copy(copy: str, found: Database | None) -> str:
    """Return a sentence that a copy is gone, or that another database has its name."""
    if found:
        return f"The name `{copy}` now belongs to a different database."
    return f"The copy `{copy}` no longer exists."


def why_decided(rewind: Rewind) -> str:
    """Return the error text for a second decision about a copy."""
    by = rewind.decided
    assert by is not None, "somebody has decided"
    decision, copy = DECISIONS.get(by.command, OTHER_DECISION), f"`{rewind.copy}`"
    if by.state is State.EXECUTING:
        return f"A request to {decision.to_do.format(copy)} is under way."
    at = changed_at(by)
    when = f" {utc(at)}" if at else ""
    known = "may have " if by.state is State.UNKNOWN else ""
    return f"Someone {known}{decision.done.format(copy)}{when}, so there is nothing left to decide."


async def _rewinds(ctx: Context, name: str) -> list[Rewind]:
    """Return the rewinds of a database, newest first, whose copies the requester may see here."""
    made = await ctx.store.requests.find(states=[State.SUCCEEDED], command=REWIND)
    own = [one for one in made if one.organization == ctx.organization and target_of(one.plan).name == name]
    own = [one for one in own if all(ctx.scope.covers(database) for database in one.plan.databases)]
    return [Rewind(one, await decision_about(ctx.store, one)) for one in own]

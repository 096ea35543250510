"""Rules for holds: a database stays blocked as long as any hold needs it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from bot.blocks.text import utc
from bot.commands.base import Context
from bot.core.ports import ReadStore
from bot.core.records.holds import CLOCKS_DIFFER, Hold, HoldKind
from bot.core.requests.plan import Plan, PlanTarget
from bot.errors import Unavailable
from bot.turso import TursoClient, TursoReader

Blocks = tuple[bool, bool]
"""A pair (reads, writes): whether each is blocked, must stay blocked, or is to be unblocked."""


def remaining(holds: Iterable[Hold]) -> Blocks:
    """Return whether reads and writes must stay blocked for the remaining holds."""
    left = list(holds)
    return any(hold.block_reads for hold in left), any(hold.block_writes for hold in left)


async def holds_of(ctx: Context, database_id: str, *, but: Sequence[HoldKind] = ()) -> list[Hold]:
    """Return the active holds of a database, except those of the kinds in `but`."""
    held = await ctx.store.holds.find(organization=ctx.organization, database_id=database_id)
    return [hold for hold in held if hold.kind not in but]


async def open_quarantine(store: ReadStore, database_id: str) -> Hold | None:
    """Return the active quarantine of a database. There is at most one."""
    held = await store.holds.find(database_id=database_id)
    return next((hold for hold in held if hold.kind is HoldKind.QUARANTINE), None)


def in_quarantine(hold: Hold) -> str:
    """Return the error text for a database that is already in quarantine."""
    name = hold.database
    return f"`{name}` is already in quarantine (request `{hold.request_id}`). `/turso restore {name}` restores it."


@dataclass(frozen=True, slots=True)
class Lift:
    """The holds of a database that end, and the blocks that are removed unless another hold needs them."""

    database: str
    database_id: str
    ends: Callable[[Hold], bool]
    blocks: Blocks = (True, True)
    found: tuple[Hold, ...] = ()
    """Released holds whose blocks stay, because they were already set before Turso Ops blocked the database."""

    async def needed(self, store: ReadStore) -> Blocks:
        """Return which blocks the remaining holds need."""
        held = await store.holds.find(database_id=self.database_id)
        return remaining([*self.found, *(hold for hold in held if not self.ends(hold))])


def lift_of(hold: Hold) -> Lift:
    """Return the lift of one hold, which removes what only that hold blocks."""
    return Lift(hold.database, hold.database_id, lambda one: one.id == hold.id, (hold.block_reads, hold.block_writes))


async def lift_of_rest(store: ReadStore, hold: Hold) -> Lift:
    """Return the lift of what a released hold may have left blocked. What others had blocked before stays.

    The record of such an earlier block is released with the last hold, perhaps by a process whose clock is behind.
    """
    assert hold.released_at is not None, "a hold that is active needs its blocks"
    since = await store.holds.find(database_id=hold.database_id, released_since=hold.released_at - CLOCKS_DIFFER)
    return replace(lift_of(hold), found=tuple(one for one in since if one.kind is HoldKind.FOUND))


def lift_all(plan: Plan, kinds: Collection[HoldKind]) -> Lift:
    """Return the lift of every hold of the given kinds. It also removes blocks for which there is no hold."""
    target = _target(plan)
    return Lift(target.name, target.id, lambda hold: hold.kind in kinds)


async def lift(turso: TursoClient, store: ReadStore, what: Lift) -> Blocks:
    """Remove the blocks that end with a lift, and set them again if a hold that is new needs them.

    Never changes other blocks. Returns the blocks that the remaining holds need.
    """
    needed = await what.needed(store)
    while True:
        opened = _both(what.blocks, _not(needed))
        await _switch(turso, what.database, opened, on=False)
        before, needed = needed, await what.needed(store)
        # A hold is stored before its block is set, so the call may have removed the block of a hold that is new.
        await _switch(turso, what.database, _both(opened, needed), on=True)
        if needed == before:
            return needed


async def is_lifted(turso: TursoReader, store: ReadStore, what: Lift) -> bool:
    """Return True once Turso shows that the lift's blocks are removed, except those that the remaining holds need.

    Raises:
        Unavailable: Turso doesn't report what is blocked.
    """
    needed = await what.needed(store)
    return not any(_both(await blocked(turso, what.database), _both(what.blocks, _not(needed))))


async def lift_once(turso: TursoClient, store: ReadStore, what: Lift) -> bool:
    """Lift blocks unless Turso shows that they are lifted. Returns whether it shows that afterwards.

    Safe to repeat after a crash.
    """
    if await is_lifted(turso, store, what):
        return True
    while True:
        left = await lift(turso, store, what)
        if await is_lifted(turso, store, what):
            return True
        if await what.needed(store) == left:
            return False
        # Other holds have changed in the meantime. If one has ended, `lift` kept its blocks, so remove them now.


async def blocks_left_by(turso: TursoReader, store: ReadStore, request_id: str, target: PlanTarget) -> Blocks:
    """Return which current blocks are needed by this request's holds and by no others. Raises Unavailable."""
    held = await store.holds.find(database_id=target.id)
    own = [hold for hold in held if hold.request_id == request_id and hold.kind is not HoldKind.FOUND]
    if not own:
        return (False, False)
    needed = remaining(hold for hold in held if hold not in own)
    return _both(await blocked(turso, target.name), _both(remaining(own), _not(needed)))


def freezes_for(left: Blocks, holds: Iterable[Hold]) -> list[Hold]:
    """Return holds turned into freezes of the blocks in `left`, so that a thaw can lift these blocks."""
    freezes = [
        replace(
            hold,
            kind=HoldKind.FREEZE,
            block_reads=hold.block_reads and left[0],
            block_writes=hold.block_writes and left[1],
            due_at=hold.due_at if hold.kind is HoldKind.FREEZE else None,
        )
        for hold in holds
    ]
    return [hold for hold in freezes if hold.block_reads or hold.block_writes]


async def blocked(turso: TursoReader, name: str) -> Blocks:
    """Return what Turso blocks now.

    Raises Unavailable if Turso doesn't report it, because unknown doesn't mean unblocked.
    """
    now = await turso.configuration(name)
    if now.block_reads is None or now.block_writes is None:
        raise Unavailable(f"Turso doesn't say whether `{name}` is blocked.")
    return now.block_reads, now.block_writes


def has_more_blocks(now: Blocks, seen: Blocks) -> bool:
    """Return True if something is blocked now that wasn't before."""
    return any(_both(now, _not(seen)))


async def _switch(turso: TursoClient, name: str, which: Blocks, *, on: bool) -> None:
    reads, writes = which
    if reads or writes:
        await turso.configure(name, block_reads=on if reads else None, block_writes=on if writes else None)


def blocks_of_others(now: Blocks, holds: Iterable[Hold]) -> Blocks:
    """Return which current blocks weren't set by Turso Ops: no hold needs them, or a hold records them as found."""
    held = list(holds)
    found = remaining(hold for hold in held if hold.kind is HoldKind.FOUND)
    ours = remaining(hold for hold in held if hold.kind is not HoldKind.FOUND)
    return (now[0] and (found[0] or not ours[0]), now[1] and (found[1] or not ours[1]))


def holds_to_release(ended: Collection[str], held: Sequence[Hold]) -> list[str]:
    """Return the IDs of the holds to release when some end. Found blocks are released with the last other hold."""
    left = [hold for hold in held if hold.id not in ended and hold.kind is not HoldKind.FOUND]
    found = [] if left else [hold.id for hold in held if hold.kind is HoldKind.FOUND and hold.id not in ended]
    return [*ended, *found]


def _both(one: Blocks, other: Blocks) -> Blocks:
    return one[0] and other[0], one[1] and other[1]


def _not(blocks: Blocks) -> Blocks:
    return not blocks[0], not blocks[1]


def _target(plan: Plan) -> PlanTarget:
    if plan.target is None:
        raise ValueError("blocks are of a database")
    return plan.target


_STATES = {HoldKind.FREEZE: "frozen", HoldKind.QUARANTINE: "in quarantine", HoldKind.FOUND: "blocked by someone else"}
_CAUSES = {
    HoldKind.FREEZE: "a freeze",
    HoldKind.QUARANTINE: "a quarantine",
    HoldKind.FOUND: "someone outside Turso Ops",
}


def holds_fact(holds: Sequence[Hold]) -> dict[str, str]:
    """Return why a database is blocked, as a fact for a plan. Empty without holds."""
    return {"Blocked by": "; ".join(cause(hold) for hold in holds)} if holds else {}


def cause(hold: Hold) -> str:
    """Describe a hold, to follow `Blocked by`: `a freeze (writes, until …)`."""
    return f"{_CAUSES[hold.kind]} ({extent(hold)})"


def state(hold: Hold) -> str:
    """Describe a hold as the state of its database: `frozen (writes, until …)`."""
    return f"{_STATES[hold.kind]} ({extent(hold)})"


def extent(hold: Hold) -> str:
    """Return what a hold blocks, and until when: `writes, until …`."""
    ends = f", until {utc(hold.due_at)}" if hold.due_at else ""
    blocked = (
        "reads and writes" if hold.block_reads and hold.block_writes else "reads" if hold.block_reads else "writes"
    )
    return f"{blocked}{ends}"

"""What stays blocked when one reason to block goes away: a database is blocked while any hold needs it."""

from collections.abc import Iterable, Sequence

from bot.blocks.text import utc
from bot.commands.base import Context
from bot.core.plan import Plan, PlanTarget
from bot.core.ports import Memory
from bot.core.request import Hold, HoldKind


def remaining(holds: Iterable[Hold]) -> tuple[bool, bool]:
    """Return whether reads and writes must stay blocked for the holds that are left."""
    left = list(holds)
    return any(hold.block_reads for hold in left), any(hold.block_writes for hold in left)


async def holds_of(ctx: Context, database_id: str, *, but: Sequence[HoldKind] = ()) -> list[Hold]:
    """Return the holds of a database that are not released, without some kinds."""
    held = await ctx.memory.holds(organization=ctx.organization, database_id=database_id)
    return [hold for hold in held if hold.kind not in but]


async def open_quarantine(memory: Memory, database_id: str) -> Hold | None:
    """Return the quarantine of an object: there is at most one."""
    held = await memory.holds(database_id=database_id)
    return next((hold for hold in held if hold.kind is HoldKind.QUARANTINE), None)


def in_quarantine(hold: Hold) -> str:
    """Say which quarantine of a database is open, and how it ends."""
    name = hold.database
    return f"`{name}` is in quarantine already, by request `{hold.request_id}`: `/turso restore {name}` undoes it."


async def settle(ctx: Context, plan: Plan, *, lifted: Sequence[HoldKind] = ()) -> None:
    """Set both blocks to what the holds need that remain without the kinds `lifted`; no other switch is touched."""
    target = _target(plan)
    wanted = remaining(await holds_of(ctx, target.id, but=lifted))
    while True:
        await ctx.turso.configure(target.name, block_reads=wanted[0], block_writes=wanted[1])
        # Who blocks places a hold first: one that came meanwhile may have blocked just before our call.
        before, wanted = wanted, remaining(await holds_of(ctx, target.id, but=lifted))
        if wanted == before:
            return


async def settled(ctx: Context, plan: Plan, *, lifted: Sequence[HoldKind] = ()) -> bool:
    """True once Turso blocks what `settle` left blocked, and no more."""
    target = _target(plan)
    wanted = remaining(await holds_of(ctx, target.id, but=lifted))
    now = await ctx.turso.configuration(target.name)
    return (now.block_reads, now.block_writes) == wanted


def _target(plan: Plan) -> PlanTarget:
    if plan.target is None:
        raise ValueError("blocks are of a database")
    return plan.target


_WORDS = {HoldKind.FREEZE: "frozen", HoldKind.QUARANTINE: "in quarantine", HoldKind.FOUND: "blocked by others before"}


def told(holds: Sequence[Hold]) -> dict[str, str]:
    """Say why a database is blocked, as a fact for a plan; nothing when it is not by us."""
    return {"Held": "; ".join(describe(hold) for hold in holds)} if holds else {}


def describe(hold: Hold) -> str:
    """Say in a few words what a hold is and when it ends."""
    ends = f", until {utc(hold.due_at)}" if hold.due_at else ""
    blocked = (
        "reads and writes" if hold.block_reads and hold.block_writes else "reads" if hold.block_reads else "writes"
    )
    return f"{_WORDS[hold.kind]} ({blocked}{ends})"

"""Taking a request with the holds of its plan: an object has one open quarantine, and the store sees to it."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.commands.base import Context
from bot.commands.holds import blocked, in_quarantine, of_others, open_quarantine, released_with
from bot.core.plan import Plan
from bot.core.ports import Move
from bot.core.request import Hold, HoldKind, Request, State
from bot.pipeline.environment import Environment, new_id


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: the request as it is now, or why it cannot start; neither: somebody else has it."""

    request: Request | None = None
    why: str = ""


async def take(env: Environment, ctx: Context, request: Request) -> Taken:
    """Move an approved request to EXECUTING and place its holds, in one commit."""
    while True:
        if why := await _in_the_way(env, request):
            return Taken(why=why)
        holds, replaced = await _planned_holds(env, ctx, request)
        move = Move(
            to=State.EXECUTING, at=env.clock.now(), changes={"outcome": ""}, holds=holds, release_holds=replaced
        )
        if taken := await env.memory.move(request.id, expect=[State.APPROVED], move=move):
            return Taken(taken)
        now = await env.memory.request(request.id)
        if now is None or now.state is not State.APPROVED:
            return Taken()
        # The quarantine of another request was placed, or lifted, just now: look again which one is open.


async def _in_the_way(env: Environment, request: Request) -> str | None:
    """Say which quarantine of the object is open already; None: this one may begin."""
    target = request.plan.target
    if target is None or not quarantines(request.plan):
        return None
    hold = await open_quarantine(env.memory, target.id)
    return in_quarantine(hold) if hold else None


async def placed_by(env: Environment, request: Request) -> list[str]:
    """Return the ids of the holds that end with a request."""
    target = request.plan.target
    held = await env.memory.holds(database_id=target.id) if target else []
    own = [hold.id for hold in held if hold.request_id == request.id and hold.kind is not HoldKind.FOUND]
    return released_with(own, held) if own else []


def quarantines(plan: Plan) -> bool:
    """Say whether a plan places a quarantine."""
    return plan.hold is not None and plan.hold.kind == HoldKind.QUARANTINE


async def _planned_holds(env: Environment, ctx: Context, request: Request) -> tuple[list[Hold], list[str]]:
    """Return the plan's own hold, with one for blocks that others have set, and the ids of those that this replaces."""
    planned, target = request.plan.hold, request.plan.target
    if planned is None or target is None:
        return [], []
    now = env.clock.now()
    own = Hold(
        id=new_id("h"),
        kind=HoldKind(planned.kind),
        organization=request.organization,
        database=target.name,
        database_id=target.id,
        block_reads=planned.block_reads,
        block_writes=planned.block_writes,
        request_id=request.id,
        channel_id=request.channel_id,
        placed_at=now,
        due_at=now + timedelta(seconds=planned.seconds) if planned.seconds else None,
    )
    held = await env.memory.holds(database_id=target.id)
    reads, writes = of_others(await blocked(ctx.turso, target.name), held)
    before = replace(own, id=new_id("h"), kind=HoldKind.FOUND, block_reads=reads, block_writes=writes, due_at=None)
    noted = [hold.id for hold in held if hold.kind is HoldKind.FOUND]
    return [own, *([before] if reads or writes else [])], noted

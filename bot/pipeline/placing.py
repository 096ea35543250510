"""Taking a request with the holds of its plan: an object has one open quarantine, and the store sees to it."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.commands.base import Context
from bot.commands.holds import in_quarantine, open_quarantine
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
        holds = await _planned_holds(env, ctx, request)
        move = Move(to=State.EXECUTING, at=env.clock.now(), changes={}, holds=holds)
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


def quarantines(plan: Plan) -> bool:
    """Say whether a plan places a quarantine."""
    return plan.hold is not None and plan.hold.kind == HoldKind.QUARANTINE


async def _planned_holds(env: Environment, ctx: Context, request: Request) -> list[Hold]:
    """Return the plan's own hold, and one for blocks that others had set before us."""
    planned, target = request.plan.hold, request.plan.target
    if planned is None or target is None:
        return []
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
    if await env.memory.holds(organization=request.organization, database_id=target.id):
        return [own]
    found = await ctx.turso.configuration(target.name)
    if not (found.block_reads or found.block_writes):
        return [own]
    before = replace(
        own,
        id=new_id("h"),
        kind=HoldKind.FOUND,
        block_reads=bool(found.block_reads),
        block_writes=bool(found.block_writes),
        due_at=None,
    )
    return [own, before]

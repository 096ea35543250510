"""Place a plan's holds when a request starts. The store allows one open quarantine per database."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.blocks.request_text import STATE_WORDS
from bot.commands.base import Context
from bot.commands.databases._holds import blocked, blocks_of_others, holds_to_release, in_quarantine, open_quarantine
from bot.commands.databases.destroy import REPLACES
from bot.core.records.holds import Hold, HoldKind
from bot.core.requests.plan import Plan
from bot.core.requests.request import CLOSED, Request, State
from bot.core.requests.transition import Transition
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.transitions.settlement import closing


@dataclass(frozen=True, slots=True)
class TakeResult:
    """The started request, or why it can't start. Both are empty if another process has started or ended it."""

    request: Request | None = None
    why: str = ""


async def take(env: Environment, ctx: Context, request: Request) -> TakeResult:
    """Set an approved request to EXECUTING and place its holds, in one commit."""
    while True:
        open_one = await _open_quarantine(env, request)
        if open_one and not await _gives_way(env, open_one, request):
            return TakeResult(why=in_quarantine(open_one))
        if why := await why_decided(env, request):
            return TakeResult(why=why)
        holds, replaced = await _planned_holds(env, ctx, request)
        # The current rules may be stricter than when the request was made.
        changes = {"outcome": "", "countdown": request.countdown, "visibility": request.visibility}
        move = Transition(
            to=State.EXECUTING,
            at=env.clock.now(),
            changes=changes,
            holds=holds,
            release_holds=replaced,
            decides=(*request.plan.decision_subjects, *request.plan.changes_alone),
        )
        if open_one:
            move = _replacing(move, open_one, request)
        if taken := await env.store.requests.move(request.id, expect=[State.APPROVED], move=move):
            return TakeResult(taken)
        now = await env.store.requests.get(request.id)
        if now is None or now.state is not State.APPROVED:
            return TakeResult()
        # Another request has just placed or ended a quarantine, or decided, so try again.


async def why_decided(env: Environment, request: Request) -> str:
    """Return why a request can't start: another one makes the same change, or has already decided. Empty if it can."""
    if (other := await env.store.requests.decided_by(*request.plan.changes_alone)) and other.id != request.id:
        return f"The same change is already under way in request `{other.id}`."
    before = await env.store.requests.decided_by(*request.plan.decision_subjects)
    if before is None or before.id == request.id:
        return ""
    state = STATE_WORDS[before.state]
    return f"This has already been decided. Another request ({env.catalogue.label_of(before.command)}) {state}."


async def _open_quarantine(env: Environment, request: Request) -> Hold | None:
    """Return the open quarantine that conflicts with this request, or None."""
    target = request.plan.target
    return await open_quarantine(env.store, target.id) if target and quarantines(request.plan) else None


async def _gives_way(env: Environment, hold: Hold, to: Request) -> bool:
    """Return True if the plan replaces this quarantine, which still has no countdown."""
    if to.plan.arguments.get(REPLACES) != hold.request_id:
        return False
    request = await env.store.requests.get(hold.request_id)
    return request is not None and request.is_indefinite


def _replacing(move: Transition, hold: Hold, request: Request) -> Transition:
    closes = closing(hold, request, f"It was replaced by another quarantine, in request `{request.id}`.", move.at)
    return replace(move, closes=[closes], adds={**move.adds, CLOSED: [hold.request_id]})


async def placed_by(env: Environment, request: Request) -> list[str]:
    """Return the IDs of the holds to release when a request ends."""
    target = request.plan.target
    held = await env.store.holds.find(database_id=target.id) if target else []
    own = [hold.id for hold in held if hold.request_id == request.id and hold.kind is not HoldKind.FOUND]
    return holds_to_release(own, held) if own else []


def quarantines(plan: Plan) -> bool:
    """Return True if a plan places a quarantine."""
    return plan.hold is not None and plan.hold.kind == HoldKind.QUARANTINE


async def _planned_holds(env: Environment, ctx: Context, request: Request) -> tuple[list[Hold], list[str]]:
    """Return the holds to place, for the plan and for blocks that were already set, and the IDs of those to release."""
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
    held = await env.store.holds.find(database_id=target.id)
    reads, writes = blocks_of_others(await blocked(ctx.turso, target.name), held)
    before = replace(own, id=new_id("h"), kind=HoldKind.FOUND, block_reads=reads, block_writes=writes, due_at=None)
    noted = [hold.id for hold in held if hold.kind is HoldKind.FOUND]
    return [own, *([before] if reads or writes else [])], noted

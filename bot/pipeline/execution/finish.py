"""The last steps of a phase: commit the outcome, and notify the people concerned."""

from dataclasses import replace

from bot.core.requests.request import State
from bot.core.requests.step_results import PhaseKind, PhaseResult, VerifyResult
from bot.pipeline import rotation_proof
from bot.pipeline.environment import Environment
from bot.pipeline.execution.phases import command_of, request_of
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.quarantine.countdown import back_to_quarantine
from bot.pipeline.transitions.settlement import Settlement, settle


async def finish(env: Environment, request_id: str, phase: str, seen: VerifyResult) -> None:
    """Commit the outcome in one transaction. A destroy that must be tried again goes back to quarantine instead."""
    request = await env.store.requests.get(request_id)
    if request is None or request.state is not State.EXECUTING or seen.result is PhaseResult.STOPPED:
        return
    if seen.result is PhaseResult.AGAIN:
        await back_to_quarantine(env, request, seen.why, at_once=False)
        return
    kind, command = PhaseKind.of(phase), command_of(env, request)
    holds = await env.store.holds.find(organization=request.organization)
    settled = Settlement(seen.result, seen.why, dict(seen.facts))
    move = settle(request, command, kind, settled, holds, env.clock.now())
    move = replace(move, only_unsent=seen.result is PhaseResult.STALE and kind is PhaseKind.EXECUTE)
    if await env.store.requests.move(request_id, expect=[State.EXECUTING], move=move) is not None:
        env.observer.request(move.to)
        await rotation_proof.keep_trying(env, request_id)


async def notify(env: Environment, request_id: str) -> None:
    """Notify the people concerned, and continue a rotation's proof. A timer retries what can't be delivered now."""
    request = await request_of(env, request_id)
    if request.state in (State.DENIED, State.CANCELLED, State.EXPIRED):
        env.watches.forget(request_id)
        return  # denying, withdrawing or expiring a request sends its own notification
    await notify_outcome(env, request_id)
    await rotation_proof.keep_trying(env, request_id)

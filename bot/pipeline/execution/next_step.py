"""The second operation of a change, after the first was verified.

If it only reads, it may run again after a crash. Otherwise it is sent at most once.
"""

from datetime import UTC, datetime
from typing import Any, Final

from bot.commands.base import NEXT_STEP, NEXT_STEP_WHY, ChangeContext, NextStep, NextStepResult
from bot.core.requests.request import Request, State
from bot.errors import BadInput, BotError, Refused
from bot.pipeline import rotation_proof
from bot.pipeline.environment import Environment
from bot.turso import NotSent, TursoRejected

PHASE: Final = "execute:next"
"""The phase that is marked as sent for the second operation."""
CUT_SHORT: Final = "Turso Ops restarted while this was being sent."
TOO_LATE: Final = "The first step was confirmed too late, so the next step wasn't sent to Turso."


async def take_next_step(
    env: Environment, ctx: ChangeContext, request: Request, step: NextStep, facts: dict[str, Any]
) -> dict[str, Any]:
    """Run the second operation, unless it is a change that may no longer be sent.

    Returns the facts of both operations. They say how the second one ended, and why, instead of a BotError.
    """
    if not step.changes:
        return {**facts, **await _reads(ctx, request, step, facts)}
    sent = await env.store.requests.was_sent(request.id, PHASE)
    if not sent and not await _is_under_way(env, request):
        return {**facts, **_result(NextStepResult.NOT_DONE, TOO_LATE)}
    if step.probes is not None and not sent:
        await rotation_proof.mint(env, step.probes, ctx, request)
    at = env.clock.now()
    if sent or not await env.store.requests.mark_sent(request.id, PHASE, datetime.now(UTC)):
        unknown = NextStepResult.UNKNOWN if sent else NextStepResult.NOT_DONE
        more = _result(unknown, CUT_SHORT if sent else TOO_LATE)
    else:
        more = await _changes(ctx, request, step, facts)
    if more[NEXT_STEP] == NextStepResult.NOT_DONE:
        env.watches.forget(request.id)  # nothing was revoked, so the probe tokens aren't needed
    elif step.probes is not None:
        accepted = more[NEXT_STEP] == NextStepResult.DONE
        more |= await rotation_proof.first_findings(env, ctx, request, at, accepted=accepted)
    return {**facts, **more}


async def _is_under_way(env: Environment, request: Request) -> bool:
    """Return True while the request is executing. Otherwise nothing would revoke a probe token, so none is minted."""
    now = await env.store.requests.get(request.id)
    return now is not None and now.state is State.EXECUTING


async def _reads(ctx: ChangeContext, request: Request, step: NextStep, facts: dict[str, Any]) -> dict[str, Any]:
    try:
        return {**await step.act(ctx, request.plan, facts), **_result(NextStepResult.DONE)}
    except BotError as error:
        return _result(NextStepResult.NOT_DONE, str(error))


async def _changes(ctx: ChangeContext, request: Request, step: NextStep, facts: dict[str, Any]) -> dict[str, Any]:
    try:
        return {**await step.act(ctx, request.plan, facts), **_result(NextStepResult.DONE)}
    except (NotSent, TursoRejected, BadInput, Refused) as error:
        return _result(NextStepResult.NOT_DONE, str(error))
    except BotError as error:
        return _result(NextStepResult.UNKNOWN, str(error))


def _result(result: NextStepResult, why: str = "") -> dict[str, Any]:
    return {NEXT_STEP: result.value, **({NEXT_STEP_WHY: why} if why else {})}

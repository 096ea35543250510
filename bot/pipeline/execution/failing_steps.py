"""Replace steps that fail repeatedly because of a bug, so that the request ends and people are notified."""

from typing import Final

import structlog

from bot.core.requests.request import State
from bot.core.requests.step_results import (
    ActResult,
    Attempt,
    BeginResult,
    PhaseResult,
    StepName,
    VerifyResult,
)
from bot.pipeline.environment import Environment
from bot.pipeline.execution.begin import stop_at_fault
from bot.pipeline.execution.finish import finish
from bot.pipeline.outcomes.notifications import notify_plainly

log = structlog.get_logger(__name__)
FAULT: Final = "Something went wrong in Turso Ops."
NOT_KNOWN: Final = VerifyResult(PhaseResult.UNKNOWN, FAULT)
NOTHING_SENT: Final = ActResult(Attempt.NOT_SENT, f"{FAULT} Nothing was changed.")
StepResult = BeginResult | ActResult | VerifyResult | None


async def give_up(env: Environment, step: StepName, request_id: str, phase: str) -> StepResult:
    """Return a result for a failing step, which isn't tried again. Safe to run again.

    If the change wasn't marked as sent, nothing is changed. Otherwise the outcome is unknown until the reconciler reads
    it from Turso, if it can, unless the outcome is already committed.
    """
    log.error("a step was given up", step=step.value, request=request_id, phase=phase)
    result = await _end(env, step, request_id, phase)
    env.observer.fault(step)
    return result


async def _end(env: Environment, step: StepName, request_id: str, phase: str) -> StepResult:
    match step:
        case StepName.BEGIN:
            return await stop_at_fault(env, request_id, FAULT)
        case StepName.ACT:
            is_sent = await env.store.requests.was_sent(request_id, phase)
            return ActResult(Attempt.BEFORE) if is_sent else NOTHING_SENT
        case StepName.VERIFY:
            return NOT_KNOWN
        case StepName.FINISH:
            await finish(env, request_id, phase, NOT_KNOWN)
        case StepName.NOTIFY:
            await _notify_plainly(env, request_id)
    return None


async def _notify_plainly(env: Environment, request_id: str) -> None:
    request = await env.store.requests.get(request_id)
    if request is not None and request.state not in (State.DENIED, State.CANCELLED, State.EXPIRED):
        await notify_plainly(env, request_id)

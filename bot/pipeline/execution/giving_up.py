"""What takes the place of a step that fails again and again by a fault of ours: an end of which people hear."""

from typing import Any

import structlog

from bot.core.requests.request import State
from bot.pipeline.execution.executor import Executor
from bot.pipeline.outcomes.telling import tell_plainly

log = structlog.get_logger(__name__)
FAULT = "Something went wrong on our side."


async def give_up(executor: Executor, step: str, request_id: str, phase: str) -> Any:
    """End a step, and return what it would. Safe to run again.

    What was not sent is not done; what was sent and cannot be followed is not known, and looked at again later.
    """
    log.error("a step was given up", step=step, request=request_id, phase=phase)
    result = await _end(executor, step, request_id, phase)
    executor.env.observer.fault(step)
    return result


async def _end(executor: Executor, step: str, request_id: str, phase: str) -> Any:
    env = executor.env
    if step == "begin":
        return await executor.stop_at_fault(request_id, FAULT)
    if step == "act":
        is_sent = await env.store.requests.was_sent(request_id, phase)
        return {"acted": "before"} if is_sent else {"acted": "not_sent", "why": f"{FAULT} Nothing was changed."}
    unknown = {"result": "unknown", "why": FAULT, "facts": {}}
    if step == "see":
        return unknown
    if step == "finish":
        return await executor.finish(request_id, phase, unknown)
    request = await env.store.requests.get(request_id)
    if request is None or request.state in (State.DENIED, State.CANCELLED, State.EXPIRED):
        return None
    return await tell_plainly(env, request_id)

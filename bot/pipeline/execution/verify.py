"""The step that determines the result of a phase, by reading the change back from Turso."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bot.commands.base import Context
from bot.core.requests.plan import Plan
from bot.core.requests.request import Request
from bot.core.requests.seen_times import seen_fact
from bot.core.requests.step_results import ActResult, Attempt, PhaseKind, PhaseResult, VerifyResult
from bot.errors import BotError, NotOurs, OwnerUnknown
from bot.pipeline import rotation_proof
from bot.pipeline.environment import Environment
from bot.pipeline.execution.next_step import take_next_step
from bot.pipeline.execution.phases import command_of, context_of, facts_again, request_of

READ_PAUSES = (0.0, 0.3, 0.7, 1.0, 2.0, 3.0, 4.0)
"""The pauses in seconds before each read of a read-back, because Turso may show a change late."""
KNOWN_RESULTS = {
    Attempt.REFUSED: PhaseResult.FAILED,
    Attempt.NOT_SENT: PhaseResult.FAILED,
    Attempt.STALE: PhaseResult.STALE,
    Attempt.STOPPED: PhaseResult.STOPPED,
    Attempt.AGAIN: PhaseResult.AGAIN,
}
"""The results of attempts after which nothing is read back, because the attempt already decides the result."""
ReadBack = Callable[[Context, Plan], Awaitable[bool]]


async def verify(env: Environment, request_id: str, phase: str, acted: ActResult) -> VerifyResult:
    """Return the result of a phase.

    It is read from Turso, unless the attempt already decides it or the command has no read-back.
    """
    request, kind = await request_of(env, request_id), PhaseKind.of(phase)
    if acted.attempt is Attempt.NOT_SENT and kind is PhaseKind.FINISH:
        return VerifyResult(PhaseResult.AGAIN, acted.why)
    if result := KNOWN_RESULTS.get(acted.attempt):
        return VerifyResult(result, acted.why, dict(acted.facts))
    command = command_of(env, request)
    ctx = await context_of(env, request)
    facts: dict[str, Any] = dict(acted.facts)
    if command.probes is not None:
        facts |= await rotation_proof.first_findings(env, ctx, request, acted.at)
    is_done, look = acted.attempt is Attempt.DONE, command.operation(kind).read_back
    if look is None:
        return VerifyResult(PhaseResult.SUCCEEDED if is_done else PhaseResult.UNKNOWN, acted.why, facts)
    try:
        is_seen = await sees(ctx, request, look)
    except NotOurs as error:
        if not is_done:
            return VerifyResult(PhaseResult.FAILED, str(error))
        is_seen = True  # Turso has confirmed the change, so the error has another cause, such as a wrong clock
    except OwnerUnknown as error:
        if not is_done:
            return VerifyResult(PhaseResult.UNKNOWN, str(error), facts)
        is_seen = True
    if not is_seen:
        return VerifyResult(PhaseResult.UNKNOWN, acted.why or "Turso doesn't show the change yet.", facts)
    try:
        facts = facts or await facts_again(ctx, command, kind, request.plan)
    except BotError as error:
        return VerifyResult(PhaseResult.UNKNOWN, str(error), facts)
    facts |= seen_fact(kind, env.clock.now())
    if kind is PhaseKind.EXECUTE and command.next_step is not None:
        facts = await take_next_step(env, ctx, request, command.next_step, facts)
    return VerifyResult(PhaseResult.SUCCEEDED, facts=facts)


async def sees(ctx: Context, request: Request, look: ReadBack) -> bool:
    """Read the change back, at most once for each of `READ_PAUSES`. Returns False if no read shows it.

    Raises:
        NotOurs, OwnerUnknown: the read-back found a change that isn't, or may not be, this request's.
    """
    for pause in READ_PAUSES:
        await asyncio.sleep(pause)
        try:
            if await look(ctx, request.plan):
                return True
        except (NotOurs, OwnerUnknown):
            raise
        except BotError:
            continue
    return False

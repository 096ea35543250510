"""The step that sends the change to Turso, at most once."""

import asyncio
from datetime import UTC, datetime

from bot.core.requests.request import REFUSED, Request
from bot.core.requests.step_results import ActResult, Attempt, PhaseKind
from bot.errors import BadInput, BotError, Refused
from bot.pipeline import rotation_proof
from bot.pipeline.environment import Environment
from bot.pipeline.execution.comparison import Comparisons, why_stale
from bot.pipeline.execution.phases import command_of, context_of, request_of, try_refresh_cards
from bot.pipeline.outcomes.start_delay import show_delay
from bot.pipeline.quarantine.undo import start_undo
from bot.turso import NotSent, TursoRejected, noting_changes
from bot.turso.errors import PartlyDone, TursoForbidden, TursoRateLimited, TursoUnauthorized


async def act(env: Environment, comparisons: Comparisons, request_id: str, phase: str) -> ActResult:
    """Send the change unless it is no longer allowed or marked as sent. A marked phase is only read back."""
    request = await request_of(env, request_id)
    if await env.store.requests.was_sent(request_id, phase):
        return ActResult(Attempt.BEFORE)
    kind, command = PhaseKind.of(phase), command_of(env, request)
    is_fresh = comparisons.take(request_id, phase)
    async with show_delay(env, request_id):
        if not is_fresh and (why := await why_stale(env, request, phase)):
            return ActResult(Attempt.AGAIN if kind is PhaseKind.FINISH else Attempt.STALE, why)
        ctx = await context_of(env, request)
    if phase == PhaseKind.EXECUTE and (probes := command.probes):
        await rotation_proof.mint(env, probes, ctx, request)
    # By the machine's clock, because this time is compared with Turso's times.
    if not await env.store.requests.mark_sent(request_id, phase, datetime.now(UTC)):
        return ActResult(Attempt.STOPPED)
    if command.undoes:
        return await _undo_another(env, request)
    at = env.clock.now()
    # Meanwhile, remove Deny and Withdraw from the card. The change doesn't wait for Slack.
    shown = asyncio.create_task(try_refresh_cards(env, request_id))
    try:
        with noting_changes() as made:
            facts = await command.operation(kind).act(ctx, request.plan)
    except PartlyDone as error:
        return ActResult(Attempt.REFUSED, str(error), {REFUSED: True})
    except BotError as error:
        return ActResult(Attempt.UNKNOWN, str(error), at=at) if made else _without_change(error, at)
    finally:
        await shown
    return ActResult(Attempt.DONE, facts=dict(facts or {}), at=at)


def _without_change(error: BotError, at: datetime) -> ActResult:
    """Return the result for an error before which Turso had confirmed no change."""
    if isinstance(error, NotSent | TursoRateLimited):
        return ActResult(Attempt.NOT_SENT, f"{error} Nothing was changed.")
    if isinstance(error, TursoRejected | BadInput | Refused):  # commands raise BadInput and Refused
        is_final = not isinstance(error, TursoUnauthorized | TursoForbidden)  # an admin can correct the API token
        return ActResult(Attempt.REFUSED, str(error), {REFUSED: True} if is_final else {})
    return ActResult(Attempt.UNKNOWN, str(error), at=at)


async def _undo_another(env: Environment, request: Request) -> ActResult:
    """Start to undo the quarantine of the request that the plan names. A restore does nothing else."""
    other = await env.store.requests.get(str(request.plan.arguments["request_id"]))
    if other is None or await start_undo(env, other, by=request.requester) is None:
        why = "The quarantine has already ended, so there is nothing to undo."
        return ActResult(Attempt.REFUSED, why, {REFUSED: True})
    return ActResult(Attempt.DONE)

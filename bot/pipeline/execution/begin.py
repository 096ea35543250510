"""The first step of a phase: authorize the start, check for plan drift, and set the request to EXECUTING."""

from contextlib import suppress

from bot.core.records.timers import TimerKind
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.step_results import BeginResult, PhaseKind
from bot.core.requests.transition import Transition
from bot.errors import BotError, Unavailable
from bot.pipeline.approval.expiry import expire_if_too_late
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.steps import RefusalKind, Step
from bot.pipeline.environment import Environment
from bot.pipeline.execution.comparison import Comparisons, why_stale
from bot.pipeline.execution.phases import context_of, try_refresh_cards
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.outcomes.request_cards import post_card
from bot.pipeline.outcomes.start_delay import show_delay
from bot.pipeline.quarantine.countdown import back_to_quarantine
from bot.pipeline.replies import entry
from bot.pipeline.transitions.hold_placement import placed_by, take


async def begin(env: Environment, comparisons: Comparisons, request_id: str, phase: str) -> BeginResult:
    """Authorize the start, and set the request to EXECUTING. Returns `STOP` if the phase must not continue."""
    request = await env.store.requests.get(request_id)
    if request is not None and request.state is State.STALE:
        await notify_outcome(env, request_id)  # in case a crash prevented the notification
    if request is None or request.state not in (State.APPROVED, State.EXECUTING):
        return BeginResult.STOP
    if request.state is State.EXECUTING:
        async with show_delay(env, request_id):
            return await _begin_again(env, comparisons, request, phase)
    return await _start(env, comparisons, request, phase)


async def _start(env: Environment, comparisons: Comparisons, request: Request, phase: str) -> BeginResult:
    if await expire_if_too_late(env, request):
        return BeginResult.STOP
    async with show_delay(env, request.id):  # after Unavailable, this is retried until the approval is too old
        answer = await authorize(env, request, Step.START)
        if answer.refusal is RefusalKind.UNKNOWN:
            raise Unavailable(answer.why)
        if answer.allowed and await expire_if_too_late(env, answer.request):
            return BeginResult.STOP
        taken = await take(env, await context_of(env, request), answer.request) if answer.allowed else None
    if taken is None:
        await _stop(env, request, answer.why)
        return BeginResult.STOP
    if taken.why:
        await _stop(env, request, taken.why)
    if taken.request is None:
        return BeginResult.STOP
    comparisons.note(request.id, phase)
    await _announce(env, taken.request)
    return BeginResult.GO


async def _begin_again(env: Environment, comparisons: Comparisons, request: Request, phase: str) -> BeginResult:
    """Begin a phase that starts in EXECUTING (`finish`, `undo`), or a phase that a crash has interrupted."""
    kind = PhaseKind.of(phase)
    if kind is PhaseKind.EXECUTE:
        return BeginResult.GO
    if why := await why_stale(env, request, phase):
        await (_stop(env, request, why) if kind is PhaseKind.UNDO else back_to_quarantine(env, request, why))
        return BeginResult.STOP
    comparisons.note(request.id, phase)
    await try_refresh_cards(env, request.id)
    return BeginResult.GO


async def stop_at_fault(env: Environment, request_id: str, why: str) -> BeginResult:
    """End a request that can't start because of a bug.

    A request that is already EXECUTING continues, because `act` checks what was sent.
    """
    request = await env.store.requests.get(request_id)
    if request is not None and request.state is State.EXECUTING:
        return BeginResult.GO
    if request is not None and request.state is State.APPROVED:
        await _stop(env, request, why)
    return BeginResult.STOP


async def _stop(env: Environment, request: Request, why: str) -> None:
    now = env.clock.now()
    move = Transition(
        to=State.STALE,
        at=now,
        changes={"outcome": f"{why} Nothing was changed."},
        entries=[entry("stale", "stale", at=now, request=request, what=why)],
        cancel=tuple(TimerKind),
        release_holds=await placed_by(env, request),
        only_unsent=request.state is State.APPROVED,
    )
    begun = (State.APPROVED, State.EXECUTING)
    if await env.store.requests.move(request.id, expect=begun, move=move) is not None:
        env.observer.request(State.STALE)
        await notify_outcome(env, request.id)


async def _announce(env: Environment, request: Request) -> None:
    """Show on the card that the request starts. For break-glass, post the first card before the change."""
    if request.mode is not Mode.BREAK_GLASS or await env.store.cards.of(request.id):
        return await try_refresh_cards(env, request.id)
    with suppress(BotError):
        await post_card(env, request, fresh=False)
    return None

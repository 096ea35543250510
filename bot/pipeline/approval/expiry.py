"""The end of waiting: nobody decided, a token was not revealed, or an approval became too old to start."""

from datetime import datetime
from typing import Final

from bot.core.records.audit_entry import TIMER
from bot.core.records.timers import TimerKind
from bot.core.requests.request import Request, State
from bot.core.requests.transition import Transition
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.telling import tell_outcome
from bot.pipeline.replies import entry

NOT_STARTED: Final = "It couldn't start in time, and nothing was changed."
OUTCOMES: Final = {
    State.PENDING: "No one approved or denied it in time.",
    State.READY: "Not revealed in time, so no token was created.",
    State.APPROVED: NOT_STARTED,
    State.EXECUTING: NOT_STARTED,
}


async def start_is_over(env: Environment, request: Request) -> bool:
    """End an approved request that is too old to start. False: it may start."""
    if request.expires_at is None or request.expires_at > env.clock.now():
        return False
    await expire(env, request.id, at_latest=request.expires_at)
    return True


async def expire(
    env: Environment, request_id: str, *, keeps: TimerKind | None = None, at_latest: datetime | None = None
) -> None:
    """End a request whose time is over before anything of it was sent, and tell of it.

    Args:
        keeps: the timer that fires. It stays until the outcome is told, should a crash come between.
        at_latest: when its time is over by the rules of now, where they give it less than they did.
    """
    request = await env.store.requests.get(request_id)
    if request is not None and request.state is State.EXPIRED:
        return await tell_outcome(env, request.id)
    if request is None or request.state not in OUTCOMES:
        return None
    now = env.clock.now()
    if not any(end <= now for end in (request.expires_at, at_latest) if end):
        return None
    move = Transition(
        to=State.EXPIRED,
        at=now,
        changes={"outcome": OUTCOMES[request.state]},
        entries=[entry("expired", "expired", at=now, request=request, by=TIMER)],
        cancel=tuple({TimerKind.EXPIRE, TimerKind.REMIND, TimerKind.LAPSE} - {keeps}),
        only_unsent=True,
    )
    if await env.store.requests.move(request.id, expect=[request.state], move=move) is not None:
        env.observer.request(State.EXPIRED)
        await tell_outcome(env, request.id)
    return None

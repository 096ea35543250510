"""Expiry of requests that weren't decided, confirmed or revealed in time, or couldn't start in time."""

from datetime import datetime
from typing import Final

from bot.core.records.audit_entry import TIMER
from bot.core.records.timers import TimerKind
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.transition import Transition
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.replies import entry

NOT_STARTED: Final = "It couldn't start in time, and nothing was changed."
OUTCOMES: Final = {
    State.PENDING: "No one approved or denied it in time.",
    State.READY: "It wasn't revealed in time, so no token was created.",
    State.APPROVED: NOT_STARTED,
    State.EXECUTING: NOT_STARTED,
}


async def expire_if_too_late(env: Environment, request: Request) -> bool:
    """Expire a request that hasn't been sent if it is too late to start it. Returns False if it isn't too late."""
    if request.expires_at is None or request.expires_at > env.clock.now():
        return False
    await expire(env, request.id, at_latest=request.expires_at)
    return True


async def expire(
    env: Environment, request_id: str, *, keeps: TimerKind | None = None, at_latest: datetime | None = None
) -> None:
    """Expire a request whose change hasn't been sent to Turso, and notify the people concerned.

    Does nothing before its deadline. If it has already expired, only completes the notification.

    Args:
        keeps: the kind of the timer that fired. It isn't cancelled, so that it notifies people even after a crash.
        at_latest: when the request expires under the current rules, which may be before its own deadline.
    """
    request = await env.store.requests.get(request_id)
    if request is not None and request.state is State.EXPIRED:
        return await notify_outcome(env, request.id)
    if request is None or request.state not in OUTCOMES:
        return None
    now = env.clock.now()
    if not any(end <= now for end in (request.expires_at, at_latest) if end):
        return None
    move = Transition(
        to=State.EXPIRED,
        at=now,
        changes={"outcome": _outcome(request)},
        entries=[entry("expired", "expired", at=now, request=request, by=TIMER)],
        cancel=tuple({TimerKind.EXPIRE, TimerKind.REMIND, TimerKind.LAPSE} - {keeps}),
        only_unsent=True,
    )
    if await env.store.requests.move(request.id, expect=[request.state], move=move) is not None:
        env.observer.request(State.EXPIRED)
        await notify_outcome(env, request.id)
    return None


def _outcome(request: Request) -> str:
    """Return a sentence that says why a request expired."""
    if request.state is not State.PENDING:
        return OUTCOMES[request.state]
    if request.mode is not Mode.APPROVAL:
        return "It wasn't confirmed in time."
    is_approved = any(vote.approves for vote in request.votes)
    return "It didn't get enough approvals in time." if is_approved else OUTCOMES[State.PENDING]

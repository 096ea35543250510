"""The end of a countdown: the database is destroyed only if it is unchanged and the rules still allow it.

If the rules at the end require a longer countdown than those at the start, the countdown is extended.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from bot.blocks.text import duration
from bot.commands.databases._holds import blocked, lift_of, lift_once, open_quarantine
from bot.core.records.audit_entry import TIMER
from bot.core.records.holds import Hold
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import COUNTDOWN_OVER, Request, State
from bot.core.requests.transition import Transition
from bot.errors import BotError
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.plan_drift import what_changed
from bot.pipeline.authorization.steps import RefusalKind, Step
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.outcomes.request_cards import show
from bot.pipeline.replies import entry
from bot.pipeline.transitions.hold_placement import placed_by
from bot.turso import DatabaseNotFound

FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)
NOTIFY_AT: Final = 5
"""The failed attempt at which people are notified, 15 minutes after the first one."""


class End(Enum):
    """What to do at the end of a countdown."""

    DESTROY = auto()
    REFUSED = auto()
    """The rules no longer allow the destroy. The quarantine stays, without a countdown."""
    STALE = auto()
    """The database has changed since the quarantine began. The quarantine ends, and nothing is destroyed."""
    LONGER = auto()
    """The rules now require a longer countdown, which isn't over yet."""
    LATER = auto()
    """Slack, Turso or an on-call service didn't respond, so the end of the countdown is tried again later."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What to do at the end of a countdown, and why."""

    end: End
    why: str = ""
    countdown: timedelta = timedelta(0)
    """The length of the countdown that the current rules require. Only for LONGER."""


async def handle_countdown_end(env: Environment, timer: Timer) -> Timer | None:
    """Start the destroy after a countdown, or notify people why it doesn't start. Returns the next timer, if any."""
    request = await env.store.requests.get(timer.subject)
    if request is None:
        return None
    if request.state is State.STALE or (request.state is State.QUARANTINED and request.due_at is None):
        await notify_outcome(env, request.id)  # in case a crash prevented the notification
        return None
    if request.state is not State.QUARANTINED:
        return None
    if request.due_at and request.due_at > env.clock.now():
        return replace(timer, due_at=request.due_at)
    finding = await examine(env, request)
    if finding.end is End.LATER or (finding.end is End.STALE and not await _unblock(env, request)):
        return await _retry_later(env, request, timer, finding.why)
    if finding.end is End.LONGER:
        return await _lengthen(env, request, timer, finding)
    await {End.DESTROY: _start, End.REFUSED: _keep_quarantine, End.STALE: _end_quarantine}[finding.end](
        env, request, finding.why
    )
    return None


async def examine(env: Environment, request: Request) -> Finding:
    """Decide how a countdown ends, from the database's current state and the current rules."""
    silent = ""
    try:
        if changed := await _change_since_start(env, request):
            return Finding(End.STALE, changed)
    except BotError as error:
        silent = str(error)
    answer = await authorize(env, request, Step.COUNTDOWN_END, compares=False)
    if answer.refusal is RefusalKind.NOT_ALLOWED:
        return Finding(End.REFUSED, answer.why)
    if silent or not answer.allowed:
        return Finding(End.LATER, answer.why or silent)
    required = answer.request.countdown
    if (due := _due_by(request, required)) and due > env.clock.now():
        name = request.plan.target.name if request.plan.target else "it"
        now_required = f"The rules now require a countdown of {duration(required)}"
        why = f"{now_required}, so the countdown for `{name}` was extended to match."
        return Finding(End.LONGER, why, required)
    return Finding(End.DESTROY)


def _due_by(request: Request, countdown: timedelta) -> datetime | None:
    """Return when a countdown of this length would end, at the earliest at the current due time. None without one."""
    return request.due_at + max(countdown - request.countdown, timedelta(0)) if request.due_at else None


async def _change_since_start(env: Environment, request: Request) -> str | None:
    """Return what has changed since the quarantine began, or None. Raises BotError if Turso can't be read."""
    turso, target = env.turso_clients.turso(request.organization), request.plan.target
    if target is None or (changed := await what_changed(turso, request.plan)):
        return changed if target else None
    if await _own_hold(env, request) is None:
        return f"The quarantine of `{target.name}` ended before the countdown did."
    shown = await blocked(turso, target.name)
    still_open = " and ".join(word for word, on in zip(("reads", "writes"), shown, strict=True) if not on)
    return f"Someone unblocked {still_open} to `{target.name}` outside Turso Ops." if still_open else None


async def _own_hold(env: Environment, request: Request) -> Hold | None:
    target = request.plan.target
    hold = await open_quarantine(env.store, target.id) if target else None
    return hold if hold and hold.request_id == request.id else None


async def _start(env: Environment, request: Request, _: str) -> None:
    tries = int(request.facts.get("finish_tries", 0))
    move = Transition(
        to=State.EXECUTING,
        at=env.clock.now(),
        changes={},
        adds={"finish_tries": tries + 1},
        enqueue="finish" if tries == 0 else f"finish{tries}",
    )
    await env.store.requests.move(request.id, expect=[State.QUARANTINED], move=move)


async def _lengthen(env: Environment, request: Request, timer: Timer, finding: Finding) -> Timer | None:
    """Extend a countdown to the length that the rules now require, and notify people."""
    now, due = env.clock.now(), _due_by(request, finding.countdown)
    assert due is not None, "the rules can only make a countdown longer if there is one"
    move = Transition(
        to=State.QUARANTINED,
        at=now,
        changes={
            "outcome": finding.why,
            "due_at": due,
            "countdown": finding.countdown,
        },
        adds={COUNTDOWN_OVER: True},
        entries=[entry("finished", "postponed", at=now, request=request, by=TIMER, phase="finish", what=finding.why)],
    )
    if await env.store.requests.move(request.id, expect=[State.QUARANTINED], move=move) is None:
        return None
    await notify_outcome(env, request.id)
    return replace(timer, due_at=due, attempt=0)


async def _keep_quarantine(env: Environment, request: Request, why: str) -> None:
    """Keep the database in quarantine without a countdown, until an undo or another destroy."""
    name = request.plan.target.name if request.plan.target else ""
    outcome = f"`{name}` wasn't destroyed when the countdown ended. {why}"
    await _end(env, request, State.QUARANTINED, outcome, "denied", why, due_at=None)


async def stop_countdown(env: Environment, request: Request, why: str) -> None:
    """Keep a database in quarantine and stop its countdown, so that only an undo or another destroy ends it."""
    name = request.plan.target.name if request.plan.target else ""
    outcome = f"The countdown was stopped, and `{name}` wasn't destroyed. {why}"
    await _end(env, request, State.QUARANTINED, outcome, "denied", why, due_at=None)


async def _end_quarantine(env: Environment, request: Request, why: str) -> None:
    """End the quarantine of a database that has changed."""
    outcome = f"{why} Nothing was destroyed, and the quarantine has ended."
    await _end(env, request, State.STALE, outcome, "stale", why, releases=await placed_by(env, request), due_at=None)


async def _end(
    env: Environment, request: Request, to: State, outcome: str, word: str, why: str,
    *, releases: list[str] | None = None, **changes: Any,
) -> None:  # fmt: skip
    now = env.clock.now()
    # The timer isn't cancelled here, so that it notifies people even after a crash.
    move = Transition(
        to=to,
        at=now,
        changes={"outcome": outcome, **changes},
        adds={COUNTDOWN_OVER: True},
        entries=[entry("finished", word, at=now, request=request, by=TIMER, phase="finish", what=why)],
        release_holds=releases or (),
    )
    if await env.store.requests.move(request.id, expect=[State.QUARANTINED], move=move) is not None:
        env.observer.request(to)
        await notify_outcome(env, request.id)


async def _unblock(env: Environment, request: Request) -> bool:
    """Remove the blocks that only this quarantine needs. Returns False until Turso shows that they are gone."""
    hold, target = await _own_hold(env, request), request.plan.target
    if hold is None or target is None:
        return True
    turso = env.turso_clients.turso(request.organization)
    try:
        if (await turso.database(target.name)).id != target.id:
            return True
        return await lift_once(turso, env.store, lift_of(hold))
    except DatabaseNotFound:
        return True
    except BotError:
        return False


async def _retry_later(env: Environment, request: Request, timer: Timer, why: str) -> Timer | None:
    """Return the timer for the next attempt, if the quarantine is active. After several attempts, notify people."""
    now, attempt = env.clock.now(), timer.attempt + 1
    notifies = attempt == NOTIFY_AT
    name = request.plan.target.name if request.plan.target else ""
    words = f"The countdown is over, but `{name}` hasn't been destroyed yet. {why}"
    move = Transition(
        to=State.QUARANTINED,
        at=now,
        changes={"outcome": words} if notifies else {},
        adds={COUNTDOWN_OVER: True} if notifies else {},
        entries=[entry("finished", "postponed", at=now, request=request, by=TIMER, phase="finish", what=why)],
        notifies=notifies,
    )
    if await env.store.requests.move(request.id, expect=[State.QUARANTINED], move=move) is None:
        return None
    if notifies:
        await notify_outcome(env, request.id)
    return timer.failed(why, again_at=now + pause_after(attempt))


def pause_after(attempt: int) -> timedelta:
    """Return the pause after the n-th failed attempt."""
    return min(FIRST_PAUSE * (1 << min(attempt - 1, 10)), LONGEST_PAUSE)


def transition_back_to_quarantine(request: Request, now: datetime, why: str, *, at_once: bool) -> Transition:
    """Return the transition back to quarantine for a request whose destroy wasn't sent."""
    tries = int(request.facts.get("finish_tries", 1))
    due = now if at_once else now + pause_after(tries)
    return Transition(
        to=State.QUARANTINED,
        at=now,
        changes={},
        entries=[entry("finished", "postponed", at=now, request=request, by=TIMER, phase="finish", what=why)],
        timers=[Timer(TimerKind.FINISH, request.id, due, attempt=tries - 1)],
        notifies=False,
    )


async def back_to_quarantine(env: Environment, request: Request, why: str, *, at_once: bool = True) -> None:
    """Return a request to QUARANTINED because its destroy wasn't sent. A timer tries the destroy again."""
    move = transition_back_to_quarantine(request, env.clock.now(), why, at_once=at_once)
    if await env.store.requests.move(request.id, expect=[State.EXECUTING], move=move) is not None:
        await show(env, request.id)

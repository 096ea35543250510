"""The work of each kind of timer: expiry, reminders, ends of countdowns and freezes, reconciliation."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bot.commands.base import ChangeCommand
from bot.commands.databases import _holds as holding
from bot.commands.databases import thaw
from bot.core.records.audit_entry import TIMER
from bot.core.records.holds import Hold
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import Request, State
from bot.core.requests.seen_times import seen_fact
from bot.core.requests.step_results import PhaseKind, PhaseResult
from bot.errors import BotError, NotOurs, OwnerUnknown, Unavailable
from bot.pipeline.approval.expiry import expire
from bot.pipeline.environment import Environment
from bot.pipeline.execution.next_step import take_next_step
from bot.pipeline.execution.phases import facts_again
from bot.pipeline.outcomes.delivery import deliver_and_close, notice_of
from bot.pipeline.outcomes.live_cards import refresh_live_cards
from bot.pipeline.outcomes.notifications import notify_outcome, retry_notification
from bot.pipeline.outcomes.request_cards import below_card, show
from bot.pipeline.quarantine.countdown import handle_countdown_end
from bot.pipeline.replies import entry, private_note
from bot.pipeline.rotation_proof import continue_proof
from bot.pipeline.timers import incidents
from bot.pipeline.timers.alarm import raise_alarm
from bot.pipeline.timers.branches import handle_branch_end
from bot.pipeline.timers.digests import post_due_digest
from bot.pipeline.timers.reminders import remind
from bot.pipeline.timers.unblocking import NOT_SHOWN, Rest, is_there, is_too_late, open_rest, pause_after, unblock_rest
from bot.pipeline.timers.usage_samples import take_due_sample
from bot.pipeline.token_reveal import settle_cut_short
from bot.pipeline.transitions.settlement import RECONCILE_PAUSES, Settlement, settle
from bot.turso import TursoClient

LATE_AFTER = 5
"""The number of failures after which people are told that a freeze hasn't ended yet.

These take about 12 minutes if Turso doesn't show the change, and about 5 minutes if it doesn't respond.
"""
LATE = "late"
"""The `event` of the notice that a freeze hasn't ended yet."""


async def fire(env: Environment, timer: Timer) -> Timer | None:
    """Do the work of a timer. Safe to run again.

    Returns:
        The next timer of the same kind and subject, or None.
    """
    return await DUE[timer.kind](env, timer)


async def _expire(env: Environment, timer: Timer) -> None:
    await expire(env, timer.subject, keeps=timer.kind)


async def _thaw(env: Environment, timer: Timer) -> Timer | None:
    """End a freeze whose time is up. Blocks that other holds need, or that were set outside Turso Ops, remain.

    Raises:
        BotError: Turso or Slack didn't respond. The timer is retried, and `doctor` shows the failure.
    """
    hold = await env.store.holds.get(timer.subject)
    if hold is None:
        return None
    if hold.due_at and hold.due_at > env.clock.now() and hold.released_at is None:
        return replace(timer, due_at=hold.due_at)
    turso, request = env.turso_clients.turso(hold.organization), await env.store.requests.get(hold.request_id)
    if timer.failures >= LATE_AFTER and hold.released_at is None:
        # If Slack doesn't respond, continue to end the freeze, and notify people at the next attempt.
        with suppress(Unavailable):
            await _notify_late(env, request, hold)
    exists = await is_there(turso, hold)
    if hold.released_at is None and not await _release(env, turso, hold, request, is_there=exists):
        return timer.failed(NOT_SHOWN, again_at=env.clock.now() + pause_after(timer.failures))
    blocked = None
    if exists:
        released = await env.store.holds.get(hold.id)
        assert released is not None
        if not is_too_late(env, released) and await open_rest(env, turso, released) is Rest.STILL_BLOCKED:
            return timer.failed(NOT_SHOWN, again_at=env.clock.now() + pause_after(timer.failures))
        blocked = await holding.blocked(turso, hold.database)
    await _notify_thawed(env, request, hold, blocked)
    return None


async def _release(
    env: Environment, turso: TursoClient, hold: Hold, request: Request | None, *, is_there: bool
) -> bool:
    """Remove the blocks that only this hold needs, and release it. Returns False until Turso shows the change."""
    ends, outcome = holding.lift_of(hold), "succeeded" if is_there else "gone"
    if is_there and not await holding.lift_once(turso, env.store, ends):
        return False
    now = env.clock.now()
    line = entry(
        "thawed", outcome, at=now, request=request, command=thaw.command.name, databases=[hold.database], by=TIMER
    )
    await env.store.holds.release(hold.id, now, entries=[line], keeps_timer=True)
    return True


async def _notify_late(env: Environment, request: Request | None, hold: Hold) -> None:
    """Notify people once that a freeze whose time is up hasn't ended, because Turso hasn't confirmed that."""
    if request is None or await env.store.notices.was_notified(hold.id, LATE):
        return
    _, thread_ts = await below_card(env, request)
    words = f"The freeze on `{hold.database}` should have ended, but Turso hasn't confirmed it. I'll keep trying."
    reply = replace(private_note(words), private=False)
    await deliver_and_close(env, await notice_of(env, request, LATE, reply, thread_ts=thread_ts, subject=hold.id))


async def _notify_thawed(env: Environment, request: Request | None, hold: Hold, blocked: holding.Blocks | None) -> None:
    """Notify people that a freeze has ended, and what is still blocked. `blocked` is None for a deleted database."""
    if request is None or await env.store.notices.was_notified(hold.id, "thawed"):
        return
    _, thread_ts = await below_card(env, request)
    reply = replace(private_note(_thawed(hold.database, blocked)), private=False)
    await deliver_and_close(env, await notice_of(env, request, "thawed", reply, thread_ts=thread_ts, subject=hold.id))
    await refresh_live_cards(env, hold.organization, [hold.database])
    await show(env, hold.request_id)


def _thawed(name: str, blocked: holding.Blocks | None) -> str:
    if blocked is None:
        return f"The freeze on `{name}` has ended because the database no longer exists."
    reads, writes = blocked
    still = " and ".join(word for word, on in (("reads", reads), ("writes", writes)) if on)
    words = f"The freeze on `{name}` has ended"
    return f"{words}, but {still} are still blocked." if still else f"{words}. The database is unblocked."


async def _reconcile(env: Environment, timer: Timer) -> Timer | None:
    """Repeat the read-back of an unknown outcome. An interrupted reveal ends without a read-back.

    If Turso responds to the last attempt and doesn't show the change, the request fails. If it is unclear whose change
    Turso shows, the outcome stays unknown.
    """
    request = await env.store.requests.get(timer.subject)
    if request is None:
        return None
    command = env.by_name.get(request.command)
    if env.catalogue.reveals(request.command):
        await settle_cut_short(env, request)
        return None
    if not isinstance(command, ChangeCommand):
        return None
    if request.state is not State.UNKNOWN:  # it has ended, and a crash may have prevented the notification
        await notify_outcome(env, request.id)
        return None
    kind = PhaseKind(request.facts.get("phase", PhaseKind.EXECUTE))
    look = command.operation(kind).read_back
    if look is None:
        return None
    subject = await env.requester_of(request)
    ctx = env.context(subject, organization=request.organization, sent_at=request.sent_at)
    last, why = timer.attempt + 1 >= len(RECONCILE_PAUSES), "Turso shows that it didn't happen."
    target, left, silent = request.plan.target, (False, False), ""
    facts: dict[str, Any] = {}
    try:
        happened = await look(ctx, request.plan)
        facts = await facts_again(ctx, command, kind, request.plan) if happened else {}
        if target is not None and last and not happened:
            left = await holding.blocks_left_by(ctx.turso, env.store, request.id, target)
            why = "Turso shows only part of the change." if any(left) and kind is PhaseKind.EXECUTE else why
    except NotOurs as error:
        happened, last, why = False, True, str(error)
    except OwnerUnknown:
        happened = False
        if last:
            return None  # it remains unclear whose change it is, so the outcome stays unknown
    except BotError as error:
        happened, last, silent = False, False, str(error)
    if not (happened or last):
        after = RECONCILE_PAUSES[min(timer.attempt + 1, len(RECONCILE_PAUSES) - 1)]
        again = env.clock.now() + timedelta(seconds=after)
        if silent:
            return timer.failed(silent, again_at=again)
        return replace(timer, due_at=again, attempt=timer.attempt + 1)
    facts |= seen_fact(kind, env.clock.now()) if happened else {}
    if happened and kind is PhaseKind.EXECUTE and command.next_step is not None:
        facts = await take_next_step(env, ctx, request, command.next_step, facts)
    settled = Settlement(PhaseResult.SUCCEEDED, "", facts)
    if not happened:
        settled = Settlement(PhaseResult.FAILED, why, {}, left)
    open_holds = await env.store.holds.find(organization=request.organization)
    move = settle(request, command, kind, settled, open_holds, env.clock.now())
    if await env.store.requests.move(request.id, expect=[State.UNKNOWN], move=move) is not None:
        await notify_outcome(env, request.id)
    return None


async def _incident_end(env: Environment, timer: Timer) -> Timer | None:
    return await incidents.end_incident_when_due(env, timer)


async def _alarm(env: Environment, timer: Timer) -> None:
    if request := await env.store.requests.get(timer.subject):
        await raise_alarm(env, request, failures=timer.failures)


async def _review(env: Environment, timer: Timer) -> Timer | None:
    return await incidents.remind_of_review(env, timer)


Due = Callable[[Environment, Timer], Awaitable[Timer | None]]
DUE: Final[Mapping[TimerKind, Due]] = {
    TimerKind.EXPIRE: _expire,
    TimerKind.REMIND: remind,
    TimerKind.LAPSE: _expire,
    TimerKind.FINISH: handle_countdown_end,
    TimerKind.THAW: _thaw,
    TimerKind.RECONCILE: _reconcile,
    TimerKind.PROVE: continue_proof,
    TimerKind.INCIDENT_END: _incident_end,
    TimerKind.REVIEW: _review,
    TimerKind.ALARM: _alarm,
    TimerKind.DIGEST: post_due_digest,
    TimerKind.SAMPLE: take_due_sample,
    TimerKind.NOTIFY: retry_notification,
    TimerKind.BRANCH_END: handle_branch_end,
    TimerKind.UNBLOCK: unblock_rest,
}

"""Notification of outcomes. Several attempts may be needed, and each reaches only people who weren't notified yet."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from bot.blocks import notices, request_notices
from bot.core.records.notices import PLAINLY, REVIEWED
from bot.core.records.timers import Timer, TimerKind
from bot.core.reply import Reply
from bot.core.requests.request import CLOSED, ENDS, Mode, Request, State
from bot.errors import Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.alert_notices import is_alert, notify_alert
from bot.pipeline.outcomes.audit_head import is_audit_head, post_audit_head
from bot.pipeline.outcomes.branch_cards import refresh_cards_about
from bot.pipeline.outcomes.delivery import CHANNEL, NOBODY, Notice, deliver, deliver_and_close, notice_of
from bot.pipeline.outcomes.live_cards import refresh_live_cards
from bot.pipeline.outcomes.policy_notices import announce_policy_change, is_policy_change
from bot.pipeline.outcomes.private_notes import update_note
from bot.pipeline.outcomes.request_cards import (
    RefreshResult,
    below_card,
    card_of,
    refresh_cards,
    refresh_ended_freezes,
    remember_card,
    show,
    thread_of,
)
from bot.pipeline.outcomes.shared_files import share_results
from bot.pipeline.outcomes.token_holders import holders_must_know, notify_holders

log = structlog.get_logger(__name__)
FAULTS: Final = 2
"""How many times a timer may fail to notify people, as because of a bug, before it sends one plain line instead."""
SOON: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=15)
CARD_TRIES: Final = 100
"""How many times to retry updating a card after people have been notified of the outcome. This takes about a day."""
CHANGED: Final = (State.SUCCEEDED, State.QUARANTINED, State.RESTORED, State.FAILED, State.UNKNOWN)
"""Outcomes after which a database may have changed."""
UNSEEN: Final = (State.EXPIRED, State.CANCELLED, State.DENIED)
"""Outcomes after which nothing was changed. If only the requester saw the request, only they are notified."""


async def notify_outcome(env: Environment, request_id: str) -> None:
    """Notify everyone concerned of the state of a request. A timer retries what can't be delivered now."""
    try:
        await notify_now(env, request_id)
    except Unavailable as error:
        log.warning("people will be notified of an outcome later", request=request_id, why=str(error))
    except Exception:  # for example a card that can't be built. The person who pressed still gets a reply
        log.exception("people could not be notified of an outcome because of a bug", request=request_id)
    else:
        return
    if await env.store.notices.pending(request_id):
        await env.store.timers.schedule(Timer(TimerKind.NOTIFY, request_id, env.clock.now() + SOON))


async def retry_notification(env: Environment, timer: Timer) -> Timer | None:
    """Retry a notification. Returns the timer for the next attempt, or None if there is none."""
    try:
        if timer.subject.startswith("r-"):
            await (notify_plainly if timer.failures >= FAULTS else notify_now)(env, timer.subject)
        elif is_policy_change(timer.subject):
            await announce_policy_change(env, timer.subject)
        elif is_audit_head(timer.subject):
            await post_audit_head(env, timer.subject)
        elif is_alert(timer.subject):
            await notify_alert(env, timer.subject)
        else:
            await notify_review_now(env, timer.subject)
    except Unavailable as error:
        log.warning("people will be notified of an outcome later", subject=timer.subject, why=str(error))
        is_of_request = timer.subject.startswith("r-")
        if is_of_request and timer.attempt >= CARD_TRIES and not await env.store.notices.pending(timer.subject):
            return None
        pause = min(SOON * 2 ** min(timer.attempt, 10), LONGEST_PAUSE)
        return replace(timer, due_at=env.clock.now() + pause, attempt=timer.attempt + 1)
    return None


async def notify_now(env: Environment, request_id: str) -> None:
    """Notify people of a request's outcome once. If there is none yet, or they were notified, only update the cards.

    Raises:
        Unavailable: somebody must still be notified, or a card must still be updated.
    """
    async with env.notification_lock(request_id):
        request = await env.store.requests.get(request_id)
        if request is None:
            return
        if request.state in ENDS and not await env.store.notices.was_notified(request.id, request.state):
            await _notify_first_time(env, request)
        else:
            await refresh_cards(env, request)
            await _supersede_earlier(env, request)


async def _notify_first_time(env: Environment, request: Request) -> None:
    """Notify people of an outcome, even if the card can't be updated now. A timer updates it later."""
    card = await _update_card(env, request)
    how = await _notify_of_outcome(env, request, card)
    await share_results(env, request)
    if holders_must_know(request):
        await notify_holders(env, request)
    for closed in request.facts.get(CLOSED, ()):
        await notify_outcome(env, closed)
    await env.store.notices.set_notified(request.id, request.state, how=how)
    await _supersede_earlier(env, request)
    if card is None:
        await _update_card_later(env, request)
    await _afterwards(env, request, how)


async def _update_card(env: Environment, request: Request) -> RefreshResult | None:
    """Update the card. Returns None if Slack doesn't accept the update now."""
    try:
        return await refresh_cards(env, request)
    except Unavailable as error:
        log.warning("a card is brought up to date later", request=request.id, why=str(error))
        return None


async def _update_card_later(env: Environment, request: Request) -> None:
    await env.store.timers.schedule(Timer(TimerKind.NOTIFY, request.id, env.clock.now() + SOON))


async def _supersede_earlier(env: Environment, request: Request) -> None:
    """Mark pending notices of earlier outcomes as superseded, because people were notified of a later one."""
    for owed in await env.store.notices.pending(request.id):
        if owed.event != request.state:
            await env.store.notices.set_notified(request.id, owed.event, how="superseded")


async def notify_plainly(env: Environment, request_id: str) -> None:
    """Notify people of an outcome in one plain line, because its card can't be built.

    Raises:
        Unavailable: somebody must still be notified later.
    """
    async with env.notification_lock(request_id):
        request = await env.store.requests.get(request_id)
        if request is None or await env.store.notices.was_notified(request.id, request.state):
            return
        plain, thread = request_notices.plain_outcome(request), request.thread_ts
        people = tuple(dict.fromkeys([request.requester, *(vote.user_id for vote in request.votes if vote.approves)]))
        notice = Notice(
            request.id,
            request.state,
            plain,
            people,
            request.channel_id,
            thread_ts=thread,
            is_private=request.is_private or request.state in UNSEEN,
            intent_id=request.intent_id,
            requester=request.requester,
        )
        how = await deliver(env, notice)
        for owed in await env.store.notices.pending(request_id):
            await env.store.notices.set_notified(request_id, owed.event, how="superseded")
        await env.store.notices.set_notified(request_id, request.state, how=how if how == NOBODY else PLAINLY)
        env.observer.fault("tell")
        log.error("people were notified of an outcome without its card", request=request_id)


async def notify_others(env: Environment, request: Request, state: State) -> None:
    """Notify people of an outcome if the request has a card. If not, only its requester knew of it, and got a reply."""
    if await env.store.cards.of(request.id):
        await notify_outcome(env, request.id)
    else:
        await env.store.notices.set_notified(request.id, state, how="answer")
        await refresh_cards_about(env, request)


async def _notify_of_outcome(env: Environment, request: Request, shown: RefreshResult | None) -> str:
    reveals = env.catalogue.reveals(request.command)
    if reveals and request.state in (State.SUCCEEDED, State.UNKNOWN):
        return await _notify_of_reveal(env, request)
    if shown is RefreshResult.POSTED_AGAIN:
        return CHANNEL
    if shown is RefreshResult.NO_CARD:
        seen = request.mode is Mode.DIRECT and request.state not in UNSEEN and not reveals
        return await _notify_by_card(env, request, in_channel=seen or request.mode is Mode.BREAK_GLASS)
    _, thread_ts = await below_card(env, request)
    notice = await notice_of(
        env, request, request.state, request_notices.outcome_notice(request, env.catalogue), thread_ts=thread_ts
    )
    elsewhere = request_notices.outcome_notice(request, env.catalogue, elsewhere=True)
    return await deliver(env, replace(notice, elsewhere=elsewhere))


async def _notify_by_card(env: Environment, request: Request, *, in_channel: bool) -> str:
    """Notify people of a request that has no card by sending its card, in the channel or privately."""
    notice = await notice_of(
        env, request, request.state, await card_of(env, request), thread_ts=await thread_of(env, request)
    )
    is_private = notice.is_private or not in_channel
    people = notice.people if in_channel else (request.requester,)
    posted = partial(remember_card, env, request)
    elsewhere = request_notices.outcome_notice(request, env.catalogue, elsewhere=True)
    return await deliver(env, replace(notice, is_private=is_private, people=people, posted=posted, elsewhere=elsewhere))


async def _notify_of_reveal(env: Environment, request: Request) -> str:
    """Offer the requester another reveal if the outcome is unknown. A token that was shown needs no notification."""
    if request.state is State.SUCCEEDED:
        await note_in_timeline(env, request)
        return "reveal"
    offer = request_notices.reveal_again_note(request, request.outcome)
    notice = await notice_of(env, request, request.state, offer, thread_ts=request.thread_ts)
    return await deliver(env, replace(notice, is_private=True, people=(request.requester,)))


async def note_in_timeline(env: Environment, request: Request) -> None:
    """Post a line to the incident's timeline about a request that posts nothing else to the channel."""
    notice = await notice_of(env, request, "timeline", request_notices.outcome_notice(request, env.catalogue))
    if not request.incident_id or notice.is_private or await env.store.cards.of(request.id):
        return
    incident = await env.store.incidents.get(request.incident_id)
    if incident is not None and incident.timeline_ts is not None:
        await deliver(env, replace(notice, thread_ts=incident.timeline_ts, broadcast=False, people=()))


async def _afterwards(env: Environment, request: Request, how: str) -> None:
    """Update the other messages that show the request. This may fail, because people are already notified."""
    reveals = env.catalogue.reveals(request.command)
    await refresh_cards_about(env, request)
    if request.state in CHANGED and request.plan.databases and not reveals:
        await refresh_live_cards(env, request.organization, [one.name for one in request.plan.databases])
        await refresh_ended_freezes(env, request)
        if request.plan.decides:
            await show(env, request.plan.decides)
    if how != NOBODY:
        await update_note(env, request, in_channel=how == CHANNEL)


async def notify_review(env: Environment, review_id: str) -> None:
    """Notify people of a review. Its timer retries what can't be delivered now."""
    try:
        await notify_review_now(env, review_id)
    except Unavailable as error:
        log.warning("people will be notified of a review later", review=review_id, why=str(error))


async def notify_review_now(env: Environment, review_id: str) -> None:
    """Notify everyone concerned by a break-glass operation of its review. Raises Unavailable."""
    review = await env.store.reviews.get(review_id)
    request = await env.store.requests.get(review.request_id) if review else None
    if review is None or review.reviewed_at is None or request is None:
        return await env.store.notices.set_notified(review_id, REVIEWED, how="superseded")
    async with env.notification_lock(review_id):
        card = await _update_card(env, request)
        if card is RefreshResult.POSTED_AGAIN:
            return await env.store.notices.set_notified(review_id, REVIEWED, how=CHANNEL)
        _, thread_ts = await below_card(env, request)
        reply: Reply = notices.reviewed_notice(review, request, env.catalogue)
        await deliver_and_close(
            env, await notice_of(env, request, REVIEWED, reply, thread_ts=thread_ts, subject=review.id)
        )
        if card is None:
            await _update_card_later(env, request)
    return None

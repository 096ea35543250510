"""The timers of incidents and reviews: the end of an incident, and reminders of open reviews."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from bot.blocks import notices
from bot.blocks.text import mrkdwn
from bot.commands.base import Facts
from bot.commands.incidents import incident_end
from bot.commands.incidents.incident_end import facts_of, last_message
from bot.core.model import Channel, Person, Subject
from bot.core.records.audit_entry import TIMER, AuditEntry
from bot.core.records.incidents import Incident, Review
from bot.core.records.timers import Timer
from bot.core.requests.request import Request
from bot.errors import BotError
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import CHANNEL, Notice, deliver, notify_each
from bot.pipeline.outcomes.recipients import AT_MOST, notified
from bot.pipeline.outcomes.request_cards import announce_again, below_card, requests_that_started
from bot.pipeline.outcomes.shared_files import FILE, share_file, share_privately

log = structlog.get_logger(__name__)
ENDED: Final = "ended"
FIRST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(hours=12)


async def end_incident_when_due(env: Environment, timer: Timer) -> Timer | None:
    """End an incident whose time is up, and notify its channel or, if it is private, the person who started it.

    Its permissions end when its time is up, even if this runs later.
    """
    incident = await env.store.incidents.get(timer.subject)
    if incident is None:
        return None
    now = env.clock.now()
    if incident.ended_at is None and incident.until > now:
        return replace(timer, due_at=incident.until)
    if incident.ended_at is None:
        # The timer isn't deleted here, so that it notifies people even after a crash.
        if not await env.store.incidents.end(incident.id, "", now, _ended_entry(env, incident), keeps_timer=True):
            return None
        incident = replace(incident, ended_at=now)
    if not incident.ended_by:
        await _notify_of_end(env, incident)
        await announce_again(env, incident)
    return None


async def _notify_of_end(env: Environment, incident: Incident) -> None:
    """Notify the channel, or only the person who started the incident if its channel must not read about it."""
    if await env.store.notices.was_notified(incident.id, ENDED):
        return
    ended = mrkdwn("ended because it reached its time limit. Incident permissions no longer apply here.")
    reply = last_message(incident.key, ended, await _facts(env, incident))
    started = await requests_that_started(env, incident)
    is_private = bool(started) and started[-1].is_private
    notice = Notice(
        incident.id,
        ENDED,
        reply,
        (incident.started_by,),
        incident.channel_id,
        incident.timeline_ts,
        broadcast=True,
        is_private=is_private,
    )
    how = await deliver(env, notice)
    if (is_private or how == CHANNEL) and not await env.store.notices.was_notified(incident.id, FILE):
        if is_private:
            await share_privately(env, reply, incident.started_by, subject=incident.id)
        else:
            await share_file(env, reply, incident.channel_id, None)
        await env.store.notices.set_notified(incident.id, FILE, how=how)
    await env.store.notices.set_notified(incident.id, ENDED, how=how)


async def _facts(env: Environment, incident: Incident) -> Facts:
    here = Subject(Person(incident.started_by, ""), Channel(incident.channel_id))
    try:
        return await facts_of(env.context(here, organization=incident.organization), incident)
    except BotError as error:  # the end is announced without the report, and the message says so
        log.warning("the report of an incident could not be written", incident=incident.id, why=str(error))
        return {}


def _ended_entry(env: Environment, incident: Incident) -> AuditEntry:
    return AuditEntry(
        at=env.clock.now(),
        event="incident_ended",
        outcome="expired",
        user_id=TIMER,
        channel_id=incident.channel_id,
        command=incident_end.command.name,
        organization=incident.organization,
        detail={"incident": incident.id, "key": incident.key, "started_by": incident.started_by},
    )


async def remind_of_review(env: Environment, timer: Timer) -> Timer | None:
    """Remind people of a review before it is due, in the channel when it is, and then with growing pauses.

    Returns the timer for the next reminder. None once the review is done.
    """
    review = await env.store.reviews.get(timer.subject)
    if review is None or review.reviewed_at is not None:
        return None
    request, now = await env.store.requests.get(review.request_id), env.clock.now()
    if now < review.due_at:
        await _remind(env, review, request, "due soon")
        return replace(timer, due_at=review.due_at, attempt=0)
    if timer.attempt == 0:
        await _escalate(env, review, request)
    else:
        await _remind(env, review, request, f"overdue {timer.attempt}", overdue=True)
    pause = min(FIRST_PAUSE * 2**timer.attempt, LONGEST_PAUSE)
    return replace(timer, due_at=now + pause, attempt=timer.attempt + 1)


async def _remind(
    env: Environment, review: Review, request: Request | None, event: str, *, overdue: bool = False
) -> None:
    channel_id, thread_ts = await below_card(env, request) if request else (review.channel_id, None)
    await deliver(env, await _notice(env, review, request, event, channel_id, thread_ts, overdue=overdue))


async def _escalate(env: Environment, review: Review, request: Request | None) -> None:
    """Post an overdue review in the channel, notify the people concerned, and add an audit entry.

    The people concerned are the reviewers and everyone in the rule's `notify`.
    """
    notice = await _notice(env, review, request, "overdue", review.channel_id, None, overdue=True)
    await deliver(env, notice)
    await notify_each(env, notice)
    if not await env.store.notices.was_notified(review.id, "overdue"):
        await env.store.audit.append(_overdue_entry(env, review, request))
    await env.store.notices.set_notified(review.id, "overdue", how=CHANNEL)


async def _notice(
    env: Environment,
    review: Review,
    request: Request | None,
    event: str,
    channel_id: str,
    thread_ts: str | None,
    *,
    overdue: bool,
) -> Notice:
    """Build the reminder of a review for its reviewers and for everyone in the rule's `notify`."""
    inside = await env.directory.inside(review.channel_id)
    # If the set is empty, the bot can't see the channel, and the named reviewers are notified privately.
    if inside:
        review = replace(review, reviewers=tuple(one for one in review.reviewers if one in inside))
    reply = notices.review_notice(review, request, env.catalogue, overdue=overdue)
    called = await notified(env, review.notify, asked_by=review.actor)
    people = tuple(dict.fromkeys([*review.reviewers[:AT_MOST], *called]))
    return Notice(review.id, event, reply, people, channel_id, thread_ts)


def _overdue_entry(env: Environment, review: Review, request: Request | None) -> AuditEntry:
    return AuditEntry(
        at=env.clock.now(),
        event="review_overdue",
        outcome="owed",
        user_id=TIMER,
        channel_id=review.channel_id,
        command=request.command if request else "",
        databases=tuple(one.name for one in request.plan.databases) if request else (),
        organization=request.organization if request else "",
        request_id=review.request_id,
        detail={"review": review.id, "asker": review.actor},
    )

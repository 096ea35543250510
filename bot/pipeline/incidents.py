"""What an incident and a break-glass act leave behind: the end of the time, and reviews that are owed."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from bot.blocks import notices
from bot.blocks.text import mrkdwn
from bot.commands.incident_end import facts_of, last_message
from bot.core.model import Channel, Person, Subject
from bot.core.request import TIMER, AuditEntry, Incident, Request, Review, Timer
from bot.errors import CannotPost
from bot.pipeline.alarm import notified
from bot.pipeline.environment import Environment
from bot.pipeline.following import share_file
from bot.pipeline.telling import below_card, say_in_channel

FIRST_PAUSE = timedelta(hours=1)
LONGEST_PAUSE = timedelta(hours=12)


async def time_is_over(env: Environment, timer: Timer) -> Timer | None:
    """End an incident whose time is over: its profile's rights are gone with the same commit; then tell of it."""
    incident = await env.memory.incident(timer.subject)
    if incident is None:
        return None
    now = env.clock.now()
    if incident.ended_at is None and incident.until > now:
        return replace(timer, due_at=incident.until)
    if incident.ended_at is None:
        # The timer stays until the end is told, should a crash come between.
        if not await env.memory.end_incident(incident.id, "", now, _ended(env, incident), keeps_timer=True):
            return None
        incident = replace(incident, ended_at=now)
    if not incident.ended_by:
        await _tell_end(env, incident)
    return None


async def _tell_end(env: Environment, incident: Incident) -> None:
    here = Subject(Person(incident.started_by, ""), Channel(incident.channel_id))
    ctx = env.context(here, organization=incident.organization)
    how = mrkdwn("has run out of time: its rights in this channel have ended.")
    reply = last_message(incident.key, how, await facts_of(ctx, incident))
    if await say_in_channel(env, incident.channel_id, incident.timeline_ts, reply, else_to=incident.started_by):
        await share_file(env, reply, incident.channel_id, incident.timeline_ts)


def _ended(env: Environment, incident: Incident) -> AuditEntry:
    return AuditEntry(
        at=env.clock.now(),
        event="incident_ended",
        outcome="expired",
        user_id=TIMER,
        channel_id=incident.channel_id,
        command="incident end",
        organization=incident.organization,
        detail={"incident": incident.id, "key": incident.key, "started_by": incident.started_by},
    )


async def remind_of_review(env: Environment, timer: Timer) -> Timer | None:
    """Remind of a review that is owed: once before it is due, loudly when it is, and then ever more seldom."""
    owed = {review.id: review for review in await env.memory.reviews(owed=True)}
    review = owed.get(timer.subject)
    if review is None:
        return None
    request, now = await env.memory.request(review.request_id), env.clock.now()
    if now < review.due_at:
        await _remind(env, review, request)
        return replace(timer, due_at=review.due_at, attempt=0)
    if timer.attempt == 0:
        await _escalate(env, review, request)
    else:
        await _remind(env, review, request, overdue=True)
    pause = min(FIRST_PAUSE * 2**timer.attempt, LONGEST_PAUSE)
    return replace(timer, due_at=now + pause, attempt=timer.attempt + 1)


async def _remind(env: Environment, review: Review, request: Request | None, *, overdue: bool = False) -> None:
    channel, thread = await below_card(env, request) if request else (review.channel_id, None)
    notice = notices.review_notice(review, request, overdue=overdue)
    await say_in_channel(env, channel, thread, notice, else_to=review.actor)


async def _escalate(env: Environment, review: Review, request: Request | None) -> None:
    """In the channel itself, to each who may review it, and to those whom the rule notifies; and on record."""
    reply = notices.review_notice(review, request, overdue=True)
    await say_in_channel(env, review.channel_id, None, reply, else_to=review.actor)
    for user_id in dict.fromkeys([*review.reviewers[:25], *await notified(env, review.notify, asked_by=review.actor)]):
        with suppress(CannotPost):
            await env.messenger.direct(user_id, reply)
    await env.memory.audit(_overdue(env, review, request))


def _overdue(env: Environment, review: Review, request: Request | None) -> AuditEntry:
    return AuditEntry(
        at=env.clock.now(),
        event="review_overdue",
        outcome="owed",
        user_id=TIMER,
        channel_id=review.channel_id,
        command=request.command if request else "",
        databases=tuple(name for name, _ in request.plan.databases) if request else (),
        organization=request.organization if request else "",
        request_id=review.request_id,
        detail={"review": review.id, "asker": review.actor},
    )

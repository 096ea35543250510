"""What an incident and a break-glass act leave behind: the end of the time, and reviews that are owed."""

from dataclasses import replace
from datetime import timedelta

from bot.blocks.text import joined, mention, mrkdwn, person
from bot.core.reply import Reply
from bot.core.request import AuditEntry, Incident, Timer
from bot.pipeline.answering import said
from bot.pipeline.environment import Environment
from bot.pipeline.telling import below_card

LONGEST_PAUSE = timedelta(hours=12)


async def time_is_over(env: Environment, timer: Timer) -> Timer | None:
    """End an incident whose time is over: its profile's rights are gone with the same commit."""
    incident = await env.memory.incident(timer.subject)
    if incident is None or incident.ended_at is not None:
        return None
    if incident.until > env.clock.now():
        return replace(timer, due_at=incident.until)
    if await env.memory.end_incident(incident.id, "", env.clock.now(), _ended(env, incident)):
        words = f"The time of incident `{incident.key}` is over: its rights in this channel have ended."
        more = "`/turso incident report` writes the report; `/turso incident start` starts another."
        reply = replace(said(words, more), private=False)
        await env.messenger.post(incident.channel_id, reply, thread_ts=incident.timeline_ts)
    return None


def _ended(env: Environment, incident: Incident) -> AuditEntry:
    return AuditEntry(
        at=env.clock.now(),
        event="incident_ended",
        outcome="expired",
        user_id=incident.started_by,
        channel_id=incident.channel_id,
        command="incident end",
        organization=incident.organization,
        detail={"incident": incident.id, "key": incident.key},
    )


async def remind_of_review(env: Environment, timer: Timer) -> Timer | None:
    """Remind of a review that is owed, ever more seldom, until somebody has given it."""
    owed = {review.id: review for review in await env.memory.reviews(owed=True)}
    review = owed.get(timer.subject)
    if review is None:
        return None
    now = env.clock.now()
    late = mrkdwn("It is *overdue*.") if now > review.due_at else mrkdwn("It is due soon.")
    to = joined(" ", (mention(one) for one in review.notify))
    words = mrkdwn(":eyes: {} A review of the break-glass act of {} is owed. {}", to, person(review.actor), late)
    request = await env.memory.request(review.request_id)
    channel, thread = await below_card(env, request) if request else (review.channel_id, None)
    await env.messenger.post(channel, Reply(words, [{"type": "section", "text": {"type": "mrkdwn", "text": words}}]),
                             thread_ts=thread)  # fmt: skip
    pause = min(timedelta(hours=1) * 2**timer.attempt, LONGEST_PAUSE)
    return replace(timer, due_at=now + pause, attempt=timer.attempt + 1)

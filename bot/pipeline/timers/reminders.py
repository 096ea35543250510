"""Reminders of requests that wait for approval: direct messages if the rule requires them, and posts in the thread."""

from contextlib import suppress
from dataclasses import replace
from typing import Final

from bot.blocks import notices
from bot.core.facts import SlackQuery
from bot.core.model import Decision
from bot.core.records.timers import Timer
from bot.core.requests.decision import decide_request
from bot.core.requests.reminder_times import first_reminder, pause_after
from bot.core.requests.request import Request, State
from bot.errors import CannotPost, Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import CHANNEL, deliver, may_be_seen, notice_of, notify_each
from bot.pipeline.outcomes.recipients import notified, require_known, with_people_on_call
from bot.pipeline.outcomes.request_cards import RefreshResult, below_card, people_named, post_card, refresh_cards
from bot.pipeline.requests.open_request import drop_if_never_shown

TRIES: Final = 5
"""How many times a reminder without known recipients is retried while it is unknown who is on call.

After that, the next reminder continues with the next people.
"""
DIRECT: Final = "called"
"""The `event` of the notice by direct message. Each person gets one."""


async def remind(env: Environment, timer: Timer) -> Timer | None:
    """Remind the people whom the rule notifies of a request, and return the next reminder, if any. Raises Unavailable.

    The first time, the timer only makes sure that the request has a card, and sends the direct messages.
    """
    request = await env.store.requests.get(timer.subject)
    if request is None or request.state is not State.PENDING or request.is_over(env.clock.now()):
        return None
    if timer.attempt == 0:
        return await _look_for_card(env, request, timer)
    await _call_approvers(env, request, timer)
    due = env.clock.now() + pause_after(timer.attempt)
    if request.expires_at and due >= request.expires_at:
        return None
    return replace(timer, due_at=due, attempt=timer.attempt + 1)


async def _look_for_card(env: Environment, request: Request, timer: Timer) -> Timer | None:
    """Post the card if the request has none. Then start the reminders, if the rule notifies anybody."""
    if not await env.store.cards.of(request.id):
        try:
            await post_card(env, request)
        except CannotPost as error:
            await drop_if_never_shown(env, request, error)
            return None
    if not request.notify or request.expires_at is None:
        return None
    await _call_directly(env, request, await _decision(env, request))
    first = first_reminder(request.expires_at - request.created_at)
    return replace(timer, due_at=request.created_at + first, attempt=1)


async def _call_approvers(env: Environment, request: Request, timer: Timer) -> None:
    """Post a reminder once. A deleted card that is posted again replaces it, unless the reminder notifies more people.

    Raises:
        Unavailable: Slack doesn't accept the reminder now, or it is unknown who is on call.
    """
    event, card = f"reminder {timer.attempt}", RefreshResult.NO_CARD
    decision = await _decision(env, request)
    current, _ = await people_named(env, request)
    counted = replace(request, votes=current.votes)  # people whose vote no longer counts are reminded again
    escalated = _escalated(counted, decision, timer.attempt)
    with suppress(Unavailable):  # a later change updates the card
        card = await refresh_cards(env, request, fresh=False)  # shows who is on call now
    if card is RefreshResult.POSTED_AGAIN and escalated.notify == request.notify:
        await env.store.notices.set_notified(request.id, event, how=CHANNEL)
        return
    _, thread_ts = await below_card(env, request)
    called = await with_people_on_call(env, escalated)
    if not called.notify:
        if timer.failures < TRIES:
            await require_known(env, escalated.notify, asked_by=request.requester)
        return
    reminder = notices.reminder(called, env.catalogue, now=env.clock.now())
    notice = await notice_of(env, called, event, reminder, thread_ts=thread_ts)
    people = await notified(env, called.notify, asked_by=request.requester)
    await deliver(env, replace(notice, people=tuple(people)))
    await _call_directly(env, escalated, decision)  # reaches only people who haven't got a direct message yet


async def _decision(env: Environment, request: Request) -> Decision:
    """Return the current policy's decision on a request. Raises Unavailable."""
    return decide_request(env.rules.policy, await env.requester_of(request), request)


def _escalated(request: Request, decision: Decision, attempt: int) -> Request:
    """Add the people in the current rule's `escalate_to`, one more entry with each reminder, until someone responds.

    The last entry comes first, because the number of mentions in a reminder is limited.
    """
    if request.votes or attempt < 2:
        return request
    further = [mention for level in reversed(decision.escalation[: attempt - 1]) for mention in level]
    return replace(request, notify=tuple(dict.fromkeys([*further, *request.notify])))


async def _call_directly(env: Environment, request: Request, decision: Decision) -> None:
    """Send a direct message to the people whom the rule notifies, if it requires that and they can see the card.

    People who have voted get none.

    Raises:
        Unavailable: somebody must still get the message later.
    """
    if not decision.direct_message:
        return
    people = await notified(env, (await with_people_on_call(env, request)).notify, asked_by=request.requester)
    facts = await env.directory.look_up(SlackQuery(request.channel_id, frozenset()))
    if facts.channel_members is None:
        raise Unavailable("I couldn't look up the channel's members in Slack.")
    if not await may_be_seen(env, request.channel_id, fresh=False):
        return
    done = {request.requester, *(vote.user_id for vote in request.votes)}
    there = tuple(one for one in people if one in facts.channel_members and one not in done)
    copies = await env.store.cards.of(request.id)
    link = await env.messenger.permalink(*copies[0]) if copies else None
    message = notices.direct_call(request, env.catalogue, link or "", now=env.clock.now())
    await notify_each(env, replace(await notice_of(env, request, DIRECT, message), people=there))

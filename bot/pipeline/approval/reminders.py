"""The Remind button, with which a requester reminds the approvers."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from bot.blocks import notices
from bot.blocks.request_text import STATE_WORDS
from bot.blocks.text import duration
from bot.core.ports import address_of
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Mode, Request, State
from bot.errors import CannotPost, Refused, Unavailable
from bot.pipeline.approval.presses import OVER, request_of, require_authorized
from bot.pipeline.authorization.authorize import Authorization
from bot.pipeline.authorization.steps import Step
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delegates import delegates_of
from bot.pipeline.outcomes.recipients import with_people_on_call
from bot.pipeline.outcomes.request_cards import below_card
from bot.pipeline.replies import entry, private_note

EVERY: Final = timedelta(minutes=10)
"""The minimum time between two presses of Remind that remind people of one request."""
AT_MOST: Final = 10
"""The maximum number of approvers and delegates who get a direct message after one press."""


async def remind(env: Environment, incoming: Incoming) -> str:
    """Remind the people whom the rule notifies, in the card's thread.

    If there are none, or Slack doesn't accept the message, send up to `AT_MOST` approvers or their delegates a direct
    message.
    """
    request = await request_of(env, incoming, "remind of")
    if request.state is not State.PENDING or request.mode is not Mode.APPROVAL:
        raise Refused(f"There is no one to remind. This request {STATE_WORDS[request.state]}.")
    if request.is_over(env.clock.now()):
        raise Refused(OVER)
    answer = await require_authorized(env, incoming, request, Step.REMIND)
    now = env.clock.now()
    line = entry("reminded", "sent", at=now, request=request, decision=answer.decision)
    if not await env.store.requests.mark_reminded(request.id, now, before=now - EVERY, entry=line):
        raise Refused(await _too_soon(env, request))
    reached = await _send(env, request, answer)
    words = "The reminder was sent." if reached else "Slack didn't accept the reminder. Ask them yourself."
    again = f"You can remind them again in {duration(EVERY)}."
    await env.messenger.send_ephemeral(address_of(incoming), private_note(words, again), replace=False)
    return "reminded"


async def _too_soon(env: Environment, request: Request) -> str:
    now = await env.store.requests.get(request.id)
    if now is None or now.state is not State.PENDING or now.reminded_at is None:
        return "There is no one to remind. This request is no longer waiting."
    left = now.reminded_at + EVERY - env.clock.now()
    return f"A reminder was already sent. Try again in {duration(max(left, timedelta(minutes=1)))}."


async def _send(env: Environment, request: Request, answer: Authorization) -> bool:
    channel_id, thread = await below_card(env, request)
    now = env.clock.now()
    request = await with_people_on_call(env, request)
    if request.notify:
        with suppress(CannotPost, Unavailable):
            await env.messenger.post(channel_id, notices.reminder(request, env.catalogue, now=now), thread_ts=thread)
            return True
    link = await _link(env, request)
    reached = False
    inside = answer.case.facts.channel_members or frozenset()
    able, delegates = answer.decision.approvers.ids & inside, await delegates_of(env, answer.decision, inside)
    for user_id in sorted({delegates.get(one, one) for one in able})[:AT_MOST]:
        with suppress(CannotPost, Unavailable):
            await env.messenger.direct(user_id, notices.personal_reminder(request, env.catalogue, link, now=now))
            reached = True
    return reached


async def _link(env: Environment, request: Request) -> str:
    for channel_id, ts in (await env.store.cards.of(request.id))[:1]:
        return await env.messenger.permalink(channel_id, ts) or ""
    return ""

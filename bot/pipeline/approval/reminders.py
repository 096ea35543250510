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
SENT: Final = "The reminder was sent."
NOT_ACCEPTED: Final = "Slack didn't accept the reminder. Ask them yourself."
NOBODY: Final = "No one else in this channel can approve this now, so no one was reminded."


async def remind(env: Environment, incoming: Incoming) -> str:
    """Remind the people whom the rule notifies, in the card's thread.

    If there are none, or Slack doesn't accept the message, send a direct message to up to `AT_MOST` approvers or their
    delegates who haven't approved yet.
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
    words = await _send(env, request, answer)
    again = f"You can remind them again in {duration(EVERY)}."
    await env.messenger.send_ephemeral(address_of(incoming), private_note(words, again), replace=False)
    return "reminded"


async def _too_soon(env: Environment, request: Request) -> str:
    now = await env.store.requests.get(request.id)
    if now is None or now.state is not State.PENDING or now.reminded_at is None:
        return "There is no one to remind. This request is no longer waiting."
    left = now.reminded_at + EVERY - env.clock.now()
    return f"A reminder was already sent. Try again in {duration(max(left, timedelta(minutes=1)))}."


async def _send(env: Environment, request: Request, answer: Authorization) -> str:
    """Send the reminder, and return a sentence about that for the requester."""
    channel_id, thread = await below_card(env, request)
    now = env.clock.now()
    request = await with_people_on_call(env, request)
    if request.notify:
        with suppress(CannotPost, Unavailable):
            await env.messenger.post(channel_id, notices.reminder(request, env.catalogue, now=now), thread_ts=thread)
            return SENT
    link = await _link(env, request)
    people = await _missing_approvers(env, request, answer)
    words = NOT_ACCEPTED if people else NOBODY
    for user_id in people[:AT_MOST]:
        with suppress(CannotPost, Unavailable):
            await env.messenger.direct(user_id, notices.personal_reminder(request, env.catalogue, link, now=now))
            words = SENT
    return words


async def _missing_approvers(env: Environment, request: Request, answer: Authorization) -> list[str]:
    """Return the approvers in the channel, or their delegates, from whom no approval counts."""
    inside = answer.case.facts.channel_members or frozenset()
    done = set(answer.count(request.votes).approved_by)
    covered = done | {vote.on_behalf_of for vote in request.votes if vote.user_id in done}
    delegates = await delegates_of(env, answer.decision, inside)
    return sorted({delegates.get(one, one) for one in (answer.decision.approvers.ids & inside) - covered} - done)


async def _link(env: Environment, request: Request) -> str:
    for channel_id, ts in (await env.store.cards.of(request.id))[:1]:
        return await env.messenger.permalink(channel_id, ts) or ""
    return ""

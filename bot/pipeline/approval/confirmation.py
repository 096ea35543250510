"""The buttons on a person's own request: confirm, withdraw and cancel."""

from datetime import datetime

from bot.blocks.request_text import STATE_WORDS
from bot.core.model import Confirm
from bot.core.ports import address_of
from bot.core.records.timers import TimerKind
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import BEFORE_SENT, Request, State
from bot.core.requests.transition import Transition
from bot.errors import Refused
from bot.pipeline import token_reveal
from bot.pipeline.approval.presses import (
    answer_late_press,
    ask_name,
    request_of,
    require_authorized,
    require_waiting,
    start_approved,
)
from bot.pipeline.authorization.steps import Step
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.notifications import notify_others
from bot.pipeline.outcomes.private_notes import keep_note
from bot.pipeline.replies import entry, private_note


async def confirm(env: Environment, incoming: Incoming) -> str:
    """Handle Confirm: start the request or reveal its token, or open the form in which the name must be typed first."""
    request = await request_of(env, incoming, "confirm")
    if request.confirm is not Confirm.TYPE_NAME:
        return await start_confirmed(env, incoming, typed=False)
    _require_own(env, request, incoming)
    await require_authorized(env, incoming, request, Step.CONFIRM, compares=False)
    return await ask_name(env, incoming, request, "request.type_name")


def _require_own(env: Environment, request: Request, incoming: Incoming) -> None:
    if incoming.user_id != request.requester:
        raise Refused("Only the requester can confirm this.")
    require_waiting(env, request, for_approval=False)


async def start_confirmed(env: Environment, incoming: Incoming, *, typed: bool = True) -> str:
    """Start a request that its requester has confirmed, or reveal its token.

    Args:
        typed: whether the name was typed. If not, and the rules now require it, a form asks for it.
    """
    request = await request_of(env, incoming, "confirm")
    _require_own(env, request, incoming)
    answer = await require_authorized(env, incoming, request, Step.CONFIRM)
    if not typed and answer.request.confirm is Confirm.TYPE_NAME:
        return await ask_name(env, incoming, request, "request.type_name")
    now = env.clock.now()
    line = entry("confirmed", "confirmed", at=now, request=request, decision=answer.decision)
    moved = await start_approved(env, request, now, answer.decision, [line])
    if moved is None:
        return await answer_late_press(env, incoming, request.id)
    if moved.state is State.READY:
        return await token_reveal.reveal(env, moved, incoming)
    words = private_note("Confirmed. The outcome will appear here.", f"Request `{request.id}`")
    await env.messenger.send_ephemeral(address_of(incoming), words, replace=incoming.is_ephemeral)
    keep_note(env, moved.id, address_of(incoming))
    return "confirmed"


async def withdraw(env: Environment, incoming: Incoming) -> str:
    """Handle Withdraw: cancel one's own request, as long as its change hasn't been sent to Turso."""
    request = await request_of(env, incoming, "withdraw")
    if incoming.user_id != request.requester:
        raise Refused("Only the requester can withdraw this. An approver can deny it.")
    words = private_note("Withdrawn. Nothing was changed.", f"Request `{request.id}`")
    return await _cancel(env, incoming, request, "Nothing was changed.", words, replace=False)


async def dismiss(env: Environment, incoming: Incoming) -> str:
    """Handle Cancel on a confirmation that only its requester can see."""
    request = await request_of(env, incoming, "cancel")
    if incoming.user_id != request.requester:
        raise Refused("Only the requester can cancel this.")
    words = private_note("Cancelled. Nothing was changed.")
    return await _cancel(env, incoming, request, "Nothing was changed.", words, replace=incoming.is_ephemeral)


async def _cancel(
    env: Environment, incoming: Incoming, request: Request, outcome: str, words: Reply, *, replace: bool
) -> str:
    now = env.clock.now()
    move = withdrawal(request, now, outcome, by=incoming.user_id)
    if await env.store.requests.move(request.id, expect=BEFORE_SENT, move=move) is None:
        now_request = await env.store.requests.get(request.id) or request
        sent = " The change was already sent to Turso." if now_request.state is State.EXECUTING else ""
        raise Refused(f"Too late: this request {STATE_WORDS[now_request.state]}.{sent}")
    env.observer.request(State.CANCELLED)
    await env.messenger.send_ephemeral(address_of(incoming), words, replace=replace)
    await notify_others(env, request, State.CANCELLED)
    return "cancelled"


def withdrawal(request: Request, at: datetime, outcome: str, *, by: str) -> Transition:
    """Return the transition that withdraws a request whose change hasn't been sent."""
    return Transition(
        to=State.CANCELLED,
        at=at,
        changes={"outcome": outcome},
        entries=[entry("withdrawn", "cancelled", at=at, request=request, by=by, what=outcome)],
        cancel=tuple(TimerKind),
        only_unsent=True,
    )

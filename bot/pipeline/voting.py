"""Approve and Deny: whose vote counts, and what follows from it."""

from typing import Final

from bot.blocks import forms
from bot.core.model import Confirm, Verdict
from bot.core.ports import Move, address_of
from bot.core.request import Incoming, Mode, Request, State, TimerKind, Vote
from bot.errors import Refused
from bot.pipeline.answering import entry, said
from bot.pipeline.consent import count_votes
from bot.pipeline.environment import Environment
from bot.pipeline.pressing import OVER, Pressed, ask_name, late, may_act, pressed, pressed_to_deny, set_off
from bot.pipeline.telling import show, tell_outcome

UNTOUCHED: Final = (State.PENDING, State.APPROVED, State.READY)
"""Nothing has been done yet."""


async def approve(env: Environment, incoming: Incoming) -> str:
    """Approve: a vote at once, or a modal in which the approver types the name."""
    press = await pressed(env, incoming)
    _may_vote(env, press)
    if press.request.confirm is Confirm.TYPE_NAME:
        return await ask_name(env, incoming, press.request, "approval.type_name")
    return await vote(env, incoming, press, approves=True)


async def deny(env: Environment, incoming: Incoming) -> str:
    """Deny: authorised like Approve; a modal asks for a reason."""
    press = await pressed_to_deny(env, incoming)
    _may_vote(env, press)
    view = forms.comment_view("approval.deny_reason", press.request.id, title="Deny", label="Why? (the asker reads it)")
    if incoming.trigger_id and await env.messenger.open_view(incoming.trigger_id, view):
        return "reason_asked"
    return await vote(env, incoming, press, approves=False)


def _may_vote(env: Environment, press: Pressed) -> None:
    """Raise when this person's vote does not count, or it is too late for one."""
    request, decision = press.request, press.decision
    if request.state is not State.PENDING or request.mode is not Mode.APPROVAL:
        raise Refused(f"It is too late: this request is {request.state.value}. {request.outcome}".strip())
    if request.is_over(env.clock.now()):
        raise Refused(OVER)
    if press.presser == request.asker:
        raise Refused("You cannot approve or deny your own request; you may withdraw it. Somebody else must decide.")
    if decision.verdict is Verdict.DENY:
        raise Refused(f"This is no longer allowed to whoever asked. {decision.reason}")
    if press.presser not in decision.approvers or not may_act(env, press.subject):
        who = f" Rule: `{decision.rule}`." if decision.rule else ""
        raise Refused(f"You are not among those who may decide this.{who} Nothing was changed.")


async def vote(env: Environment, incoming: Incoming, press: Pressed, *, approves: bool, comment: str = "") -> str:
    """Record a vote; the one that completes the quorum starts the work in the same commit."""
    _may_vote(env, press)
    now, request = env.clock.now(), press.request
    cast = Vote(request.id, press.presser, approves, now, comment)
    event, outcome = ("approved", "vote") if approves else ("denied", "denied")
    line = entry(event, outcome, at=now, request=request, decision=press.decision, by=press.presser, comment=comment)
    after = await env.memory.vote(cast, entry=line)
    if after is None:
        raise Refused("It is too late: this request has been decided meanwhile.")
    if not approves:
        return await _denied(env, incoming, after, press, comment)
    if any(not one.approves for one in after.votes):
        raise Refused("Somebody denied it in the same moment. Nothing was changed.")
    count = await count_votes(env, after, press.decision)
    if not count.reached:
        await show(env, request.id)
        await env.messenger.whisper(
            address_of(incoming), said(f"Your approval counts: {count.have} of {count.quorum} so far.")
        )
        return "vote_counted"
    return await _approved(env, incoming, after)


async def _approved(env: Environment, incoming: Incoming, request: Request) -> str:
    moved = await set_off(env, request, env.clock.now())
    if moved is None:
        return await late(env, incoming, request.id)
    reveals = moved.state is State.READY
    if reveals:
        await tell_outcome(env, request.id)
    then = "its asker may reveal it now" if reveals else "it starts now, and the card will say what came of it"
    await env.messenger.whisper(address_of(incoming), said(f"Approved by you: {then}."))
    return "approved"


async def _denied(env: Environment, incoming: Incoming, request: Request, press: Pressed, comment: str) -> str:
    move = Move(
        to=State.DENIED,
        at=env.clock.now(),
        changes={"outcome": f"Denied. {comment}".strip()},
        cancel=tuple(TimerKind),
    )
    # Whoever denies in the moment in which it is approved wins, unless it is under way; then `begin` finds the vote.
    if await env.memory.move(request.id, expect=UNTOUCHED, move=move) is None:
        return await late(env, incoming, request.id)
    env.observer.request(State.DENIED)
    await tell_outcome(env, request.id)
    await env.messenger.whisper(address_of(incoming), said("Denied by you. Nothing was changed."))
    return "denied"

"""The Approve and Deny buttons."""

from dataclasses import replace

from bot.blocks import forms
from bot.core.model import Confirm, Decision
from bot.core.ports import address_of
from bot.core.records.timers import TimerKind
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import BEFORE_SENT, Mode, Request, State
from bot.core.requests.transition import Transition
from bot.errors import Refused
from bot.pipeline.approval.presses import (
    answer_late_press,
    ask_name,
    request_of,
    require_authorized,
    require_waiting,
    start_approved,
    too_late_error,
)
from bot.pipeline.authorization.ballots import ballot
from bot.pipeline.authorization.checks import OWN
from bot.pipeline.authorization.steps import Step
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.outcomes.request_cards import show
from bot.pipeline.replies import entry, private_note


async def approve(env: Environment, incoming: Incoming) -> str:
    """Handle Approve: record the vote, or open the modal in which the approver must first type the name."""
    request = await request_of(env, incoming, "decide")
    if request.confirm is not Confirm.TYPE_NAME:
        return await vote(env, incoming, typed=False)
    _require_voter(env, request, incoming)
    await require_authorized(env, incoming, request, Step.VOTE, compares=False)
    return await ask_name(env, incoming, request, "approval.type_name")


async def deny(env: Environment, incoming: Incoming) -> str:
    """Handle Deny: open a modal that asks for a reason. If it can't be opened, deny without a reason."""
    request = await request_of(env, incoming, "decide")
    _require_deniable(request, incoming)
    await require_authorized(env, incoming, request, Step.DENY)
    about = forms.pack_metadata(request.id, incoming.user_id)
    view = forms.comment_view("approval.deny_reason", about, title="Deny", label="Reason (shown to the requester)")
    if incoming.trigger_id and await env.messenger.open_view(incoming.trigger_id, view) is not None:
        return "reason_asked"
    return await refuse(env, incoming, "")


def _require_voter(env: Environment, request: Request, incoming: Incoming) -> None:
    """Raise Refused if the request can no longer be voted on, or if the voter is the requester."""
    require_waiting(env, request, for_approval=True)
    if incoming.user_id == request.requester:
        raise Refused(OWN)


def _require_deniable(request: Request, incoming: Incoming) -> None:
    if request.state not in BEFORE_SENT or request.mode is not Mode.APPROVAL:
        raise too_late_error(request)
    if incoming.user_id == request.requester:
        raise Refused(OWN)


async def vote(env: Environment, incoming: Incoming, *, typed: bool = True) -> str:
    """Record an approval. If it completes the quorum, start the workflow, or let the requester reveal the token.

    Args:
        typed: whether the name was typed. If not, and the rules now require it, a form asks for it.
    """
    request = await request_of(env, incoming, "decide")
    _require_voter(env, request, incoming)
    answer = await require_authorized(env, incoming, request, Step.VOTE)
    if not typed and answer.request.confirm is Confirm.TYPE_NAME:
        return await ask_name(env, incoming, request, "approval.type_name")
    now = env.clock.now()
    own = ballot(answer.case, answer.decision, now)
    line = entry("approved", "vote", at=now, request=request, decision=answer.decision, by=incoming.user_id,
                 on_behalf_of=own.on_behalf_of, schedules=own.schedules)  # fmt: skip
    after = await env.store.requests.vote(own, entry=line)
    if after is None:
        raise too_late_error(await env.store.requests.get(request.id) or request)
    if {one.user_id for one in after.votes} - {one.user_id for one in request.votes} - {incoming.user_id}:
        # Somebody else voted at the same time, so look them up, too.
        answer = await require_authorized(env, incoming, after, Step.VOTE)
    count = answer.count(after.votes)
    if not count.reached:
        await show(env, request.id)
        await env.messenger.send_ephemeral(
            address_of(incoming), private_note(f"Approved. {count.approvals} of {count.quorum} approvals so far.")
        )
        return "vote_counted"
    return await _approved(env, incoming, after, answer.decision)


async def _approved(env: Environment, incoming: Incoming, request: Request, decision: Decision) -> str:
    moved = await start_approved(env, request, env.clock.now(), decision)
    if moved is None:
        return await answer_late_press(env, incoming, request.id)
    reveals = moved.state is State.READY
    then = "The requester can now reveal the token." if reveals else "The card will show the outcome."
    await env.messenger.send_ephemeral(address_of(incoming), private_note(f"Approved. {then}"))
    if reveals:
        await notify_outcome(env, request.id)
    return "approved"


async def refuse(env: Environment, incoming: Incoming, comment: str) -> str:
    """Deny a request unless its change has been sent, which the store checks in the same transaction."""
    request = await request_of(env, incoming, "decide")
    _require_deniable(request, incoming)
    answer = await require_authorized(env, incoming, request, Step.DENY)
    now, by = env.clock.now(), incoming.user_id
    own = replace(ballot(answer.case, answer.decision, now), approves=False, comment=comment)
    line = entry("denied", "denied", at=now, request=request, decision=answer.decision, by=by, comment=comment,
                 on_behalf_of=own.on_behalf_of, schedules=own.schedules)  # fmt: skip
    move = Transition(
        to=State.DENIED,
        at=now,
        changes={"outcome": comment or "Nothing was changed."},
        entries=[line],
        cancel=tuple(TimerKind),
        votes=[own],
        only_unsent=True,
    )
    if await env.store.requests.move(request.id, expect=BEFORE_SENT, move=move) is None:
        return await answer_late_press(env, incoming, request.id)
    env.observer.request(State.DENIED)
    await env.messenger.send_ephemeral(address_of(incoming), private_note("Denied. Nothing was changed."))
    await notify_outcome(env, request.id)
    return "denied"

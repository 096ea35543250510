"""Open requests: each is stored before it is shown, and then waits for approval, confirmation or Reveal, or starts."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.blocks import cards, kit
from bot.blocks.text import Mrkdwn, joined, linked, mrkdwn
from bot.commands.base import ChangeCommand, Command, SecretCommand
from bot.core.model import Confirm, Decision, Subject, Verdict
from bot.core.parsing.parse_results import Parsed
from bot.core.ports import address_of
from bot.core.records.audit_entry import TIMER
from bot.core.records.incidents import Review
from bot.core.records.timers import Timer, TimerKind
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.plan import Plan
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.transition import Transition
from bot.errors import BadInput, CannotPost, Unavailable
from bot.pipeline import token_reveal
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.outcomes.request_cards import card_of, post_card, show
from bot.pipeline.replies import entry, private_note
from bot.pipeline.requests.line_again import line_again

OWN_CONFIRMATION = timedelta(minutes=15)
CARD_IS_THERE = timedelta(seconds=20)
"""After this time, a timer checks whether a request that waits for approval has a card, which a crash may prevent."""


async def open_request(
    env: Environment,
    incoming: Incoming,
    subject: Subject,
    read: Parsed[Command],
    command: ChangeCommand[Any] | SecretCommand[Any],
    plan: Plan,
    decision: Decision,
) -> str:
    """Store a request, and show a card for approvers, a confirmation or a token, if it needs one.

    If the same request is already open, nothing is stored, and the reply says so.

    Raises:
        BotError: a break-glass operation has no reason, an earlier one has no review, or a token can't be revealed.
    """
    now = env.clock.now()
    running = await env.store.incidents.running_in(incoming.channel_id) if subject.incident_profile else None
    wanted = _request(incoming, subject, read, command, plan, decision, now, env.traces.current())
    incident_id = plan.settles or (running.id if running else None)
    wanted = replace(wanted, incident_id=incident_id)
    if wanted.mode is Mode.BREAK_GLASS:
        _require_reason(wanted)
    first = _first_transition(wanted, command, subject, decision, now)
    request = await env.store.requests.open(wanted, first, unless_owing=decision.blocks_while_owed)
    env.observer.request(request.state)
    if request.id != wanted.id:
        return await _already_waiting(env, incoming, request)
    if request.state is State.READY and incoming.kind is Kind.MENTION:
        await env.messenger.send_ephemeral(address_of(incoming), await card_of(env, request))
        return "reveal_offered"
    if request.state is State.READY:
        return await token_reveal.reveal(env, request, incoming)
    if request.state is State.APPROVED:
        return "accepted"
    if request.mode is Mode.DIRECT:
        confirm = cards.confirm_message(request, env.catalogue, now=now, links=env.rules.policy.links)
        await env.messenger.send_ephemeral(address_of(incoming), confirm)
        return "confirmation_asked"
    return await _show_card(env, incoming, request)


async def _show_card(env: Environment, incoming: Incoming, request: Request) -> str:
    """Post the card. If Slack refuses it, cancel the request. If Slack doesn't respond, a timer posts it later."""
    try:
        await post_card(env, request, fresh=False)
    except CannotPost as error:
        await drop_if_never_shown(env, request, error)
        return "card_refused"
    except Unavailable:
        words = "Slack isn't accepting messages right now. Your request is saved, and its card will be posted later."
        await env.messenger.send_ephemeral(address_of(incoming), private_note(words, f"Request `{request.id}`"))
        return "card_waits"
    return "approval_asked"


async def drop_if_never_shown(env: Environment, request: Request, why: CannotPost) -> None:
    """Cancel a request whose card can't be posted, and notify its requester."""
    outcome = f"The card couldn't be posted, so no one can approve it. {why}"
    now = env.clock.now()
    move = Transition(
        to=State.CANCELLED,
        at=now,
        changes={"outcome": outcome},
        entries=[entry("unseen", "cancelled", at=now, request=request, by=TIMER, what=why.code)],
        cancel=tuple(TimerKind),
    )
    await env.store.requests.move(request.id, expect=[State.PENDING], move=move)
    await notify_outcome(env, request.id)


def _request(
    incoming: Incoming,
    subject: Subject,
    read: Parsed[Command],
    command: ChangeCommand[Any] | SecretCommand[Any],
    plan: Plan,
    decision: Decision,
    now: datetime,
    trace: str,
) -> Request:
    mode = _mode(decision)
    waits = mode is Mode.APPROVAL or (mode is Mode.DIRECT and decision.confirm is not Confirm.NONE)
    state = State.PENDING if waits else State.READY if command.reveals else State.APPROVED
    waits_for = decision.expires if mode is Mode.APPROVAL else OWN_CONFIRMATION
    lasts = waits_for if waits or state is State.READY else decision.start_within
    return Request(
        id=new_id("r"),
        intent_id=incoming.id,
        mode=mode,
        state=state,
        command=command.name,
        line=line_again(read, plan),
        plan=plan,
        organization=plan.organization,
        channel_id=incoming.channel_id,
        thread_ts=incoming.thread_ts,
        requester=subject.person.id,
        requester_team=subject.person.team_id,
        created_at=now,
        reason=read.common.reason or "",
        ticket=read.common.ticket or "",
        private=read.common.private,
        rule=decision.rule or "",
        quorum=decision.quorum if mode is Mode.APPROVAL else 0,
        confirm=decision.confirm,
        visibility=decision.visibility,
        notify=decision.notify,
        expires_at=now + lasts,
        countdown=decision.countdown,
        trace=trace,
    )


def _mode(decision: Decision) -> Mode:
    modes = {Verdict.APPROVE: Mode.APPROVAL, Verdict.BREAK_GLASS: Mode.BREAK_GLASS}
    return modes.get(decision.verdict, Mode.DIRECT)


def _first_transition(
    request: Request, command: Command, subject: Subject, decision: Decision, now: datetime
) -> Transition:
    timers: list[Timer] = []
    if request.expires_at is not None:  # also if it starts at once, so that it can't start days later
        kind = TimerKind.LAPSE if request.state is State.READY else TimerKind.EXPIRE
        timers.append(Timer(kind, request.id, request.expires_at))
    if request.mode is Mode.APPROVAL:
        timers.append(Timer(TimerKind.REMIND, request.id, now + CARD_IS_THERE))
    reviews = [_review(request, decision, now)] if request.mode is Mode.BREAK_GLASS else []
    timers += [Timer(TimerKind.REVIEW, review.id, now + (review.due_at - now) / 2) for review in reviews]
    timers += [Timer(TimerKind.ALARM, request.id, now)] if reviews else []
    branch = request.intent_id if request.is_branch_end else ""
    asked = entry(
        "asked", request.state.value, at=now, subject=subject, request=request, decision=decision, branch=branch
    )
    return Transition(
        to=request.state,
        at=now,
        changes={},
        entries=[asked],
        timers=timers,
        enqueue="execute" if request.state is State.APPROVED else None,
        decides=request.plan.changes_alone if request.state is State.APPROVED else (),
        reviews=reviews,
    )


def _review(request: Request, decision: Decision, now: datetime) -> Review:
    return Review(
        id=new_id("v"),
        request_id=request.id,
        actor=request.requester,
        channel_id=request.channel_id,
        created_at=now,
        due_at=now + (decision.review_within or timedelta(hours=24)),
        reviewers=tuple(sorted(decision.reviewers.ids)),
        notify=decision.notify,
    )


def _require_reason(request: Request) -> None:
    if not request.reason:
        raise BadInput(f'Break-glass access needs a reason. Add `--reason "…"` to `{request.line[:200]}`.')


async def _already_waiting(env: Environment, incoming: Incoming, request: Request) -> str:
    if request.state in (State.APPROVED, State.EXECUTING):
        words = f"This is already under way in request `{request.id}`. Nothing more was sent."
        await env.messenger.send_ephemeral(address_of(incoming), private_note(words))
        return "already_under_way"
    request = await show(env, request.id) or request  # this posts a deleted card again
    copies = await env.store.cards.of(request.id)
    link = await env.messenger.permalink(*copies[-1]) if copies else None
    words = mrkdwn("The same request is already open (`{}`).", request.id)
    card = linked(link, "Open the card") if link else Mrkdwn("")
    note = Reply(text=words, blocks=[kit.section(joined(" ", (words, card)))], private=True)
    await env.messenger.send_ephemeral(address_of(incoming), note)
    return "already_waiting"

"""Builds the card of a request in every state, the private confirmation, and the request's row in a list."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.card_buttons import card_buttons, freeze_first
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.plans import plan_blocks
from bot.blocks.request_text import (
    BREAK_GLASS,
    SIGNS,
    no_countdown,
    outcome_text,
    proof_lines,
    request_and_state,
    small_print,
    still_blocked,
    voter,
)
from bot.blocks.text import (
    Mrkdwn,
    Plain,
    at_time,
    counted,
    cut,
    joined,
    linked_key,
    listed,
    mention,
    mrkdwn,
    person,
    sentence,
    span,
    when,
)
from bot.core.catalogue import CommandCatalogue
from bot.core.links import NO_LINKS, Links
from bot.core.records.incidents import Review
from bot.core.reply import Block, Reply
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.seen_times import changed_at

APPROVERS: Final = 12
"""How many approvers a card names at most."""


def request_card(
    request: Request,
    catalogue: CommandCatalogue,
    *,
    now: datetime,
    approvers: Collection[str] = (),
    delegates: Mapping[str, str] = MappingProxyType({}),
    silent: str = "",
    review: Review | None = None,
    done: Reply | None = None,
    links: Links = NO_LINKS,
) -> Reply:
    """Return the card of a request in its current state.

    It depends only on its arguments, so it can be drawn again at any time.

    Args:
        done: the command's own message about what it did or undid, used instead of the default one.
        approvers: who may approve now. The card names those who haven't, up to `APPROVERS`.
        delegates: maps each approver who is away to their delegate.
        silent: a sentence, without its full stop, about services that didn't return who is on call.
        review: the review of a break-glass operation, if there is one.
        links: builds the URL of a ticket from its key.
    """
    if request.state is State.PENDING and request.mode is not Mode.APPROVAL:
        return confirm_message(request, catalogue, now=now, links=links)
    title = _title(request, catalogue)
    rows = kit.actions(*card_buttons(request, catalogue, review))
    if request.state is State.PENDING:
        foot = kit.context(_approval_status(request, now, approvers, delegates, silent), small_print(request))
        plan = plan_blocks(request.plan, countdown=request.countdown)
        return reply(
            _notification_text(request, catalogue, now),
            [kit.section(title), *_reason_blocks(request, links), *plan, *rows, foot],
        )
    course = [*_progress_blocks(request, now, done, review), *_reason_blocks(request, links)]
    if done is None:
        return reply(title, [kit.section(title), *course, *rows, kit.context(_history(request))])
    return reply(Mrkdwn(done.text), [*done.blocks, *course, *rows, kit.context(_history(request))])


def confirm_message(request: Request, catalogue: CommandCatalogue, *, now: datetime, links: Links = NO_LINKS) -> Reply:
    """Return the private message that asks the requester to confirm."""
    loud = BREAK_GLASS if request.mode is Mode.BREAK_GLASS else Mrkdwn("")
    title = mrkdwn("{}Do you want to {}?", loud, buttons.to_do(request, catalogue))
    notes = []
    if request.mode is Mode.BREAK_GLASS:
        notes.append(mrkdwn("This happens immediately, the channel is notified, and someone else must review it."))
    if request.expires_at:
        notes.append(mrkdwn("Confirm before {}. Nothing happens until you do.", at_time(request.expires_at, now)))
    row = [buttons.confirm(request, catalogue), buttons.dismiss(request), *freeze_first(request, catalogue)]
    return reply(
        title,
        [
            kit.section(title),
            *_reason_blocks(request, links),
            *plan_blocks(request.plan, countdown=request.countdown),
            *kit.actions(*row),
            kit.context(*notes, small_print(request)),
        ],
        private=True,
    )


def request_row(
    request: Request, catalogue: CommandCatalogue, *, now: datetime, mine: bool, may_approve: bool
) -> list[Block]:
    """Return a request's row in a list, with its buttons: two or three blocks."""
    row: list[Element] = []
    if may_approve and request.state is State.PENDING:
        row += [buttons.approve(request, catalogue), buttons.deny(request.id)]
    if mine:
        row += [
            one
            for one in card_buttons(request, catalogue, None)
            if one["action_id"] not in (buttons.APPROVE, buttons.DENY)
        ]
        if request.state is State.PENDING and request.mode is not Mode.APPROVAL:
            row = [buttons.confirm(request, catalogue), buttons.dismiss(request)]
    elif request.state is State.QUARANTINED:
        row += [buttons.undo(request.id)]
    due = request.due_at if request.state is State.QUARANTINED else request.expires_at
    ends = {State.QUARANTINED: "destroyed"}.get(request.state, "expires")
    until = mrkdwn("{} {} ({})", ends, when(due), _time_left(due, now)) if due else Mrkdwn("")
    reason = mrkdwn("_{}_", cut(request.reason, 200)) if request.reason else Mrkdwn("")
    waits = mrkdwn(" · {}", _votes(request)) if request.state is State.PENDING and request.quorum else Mrkdwn("")
    head = mrkdwn("{}{}", _title(request, catalogue), waits)
    lines = [line for line in (head, reason) if line]
    return [
        kit.section(Mrkdwn("\n".join(lines))),
        kit.context(joined(" · ", (until, mrkdwn("`{}`", request.id)))),
        *kit.actions(*row),
    ]


def _title(request: Request, catalogue: CommandCatalogue) -> Mrkdwn:
    loud = BREAK_GLASS if request.mode is Mode.BREAK_GLASS else Mrkdwn("")
    if request.state is State.PENDING:
        return mrkdwn(":raised_hand: {}{}", loud, buttons.wish(request, catalogue))
    return mrkdwn("{} {}{}", SIGNS[request.state], loud, request_and_state(request, catalogue))


def _notification_text(request: Request, catalogue: CommandCatalogue, now: datetime) -> Mrkdwn:
    """Return the notification of a new request: who wants what, why, and when it expires."""
    has_reason = request.reason and not request.is_branch_end
    why = mrkdwn(": {}", cut(request.reason, 200).rstrip(". ")) if has_reason else Mrkdwn("")
    until = mrkdwn(" Approve by {}.", at_time(request.expires_at, now)) if request.expires_at else Mrkdwn("")
    return mrkdwn("{}{}.{}", buttons.wish(request, catalogue), why, until)


def _reason_blocks(request: Request, links: Links) -> list[Block]:
    """Return the reason and the ticket. Empty for a branch's end, because the title of its card states the reason."""
    if request.is_branch_end:
        return []
    ticket = mrkdwn("*Ticket*: {}", _ticket(request.ticket, links)) if request.ticket else Mrkdwn("")
    reason = [kit.quote(Plain("Reason"), Plain(request.reason), at_most=800)] if request.reason else []
    return reason + ([kit.section(ticket)] if ticket else [])


def _ticket(key: str, links: Links) -> Mrkdwn:
    url = links.ticket_url(key)
    return linked_key(url, cut(key, 100)) if url else mrkdwn("`{}`", cut(key, 100))


def _approval_status(
    request: Request, now: datetime, approvers: Collection[str], delegates: Mapping[str, str], silent: str
) -> Mrkdwn:
    until = Mrkdwn("")
    if request.expires_at:
        until = mrkdwn("Expires {} ({}).", _time_left(request.expires_at, now), when(request.expires_at))
    unknown = mrkdwn("{}, so no one on call can approve at the moment.", silent) if silent else Mrkdwn("")
    return joined(" ", [part for part in (_missing_approvals(request, approvers, delegates), unknown, until) if part])


def _missing_approvals(request: Request, approvers: Collection[str], delegates: Mapping[str, str]) -> Mrkdwn:
    """Return how many approvals are missing and who can give them: `Needs 1 approval: Ana or Ben.`"""
    given = {vote.user_id for vote in request.votes if vote.approves}
    stood_for = {vote.on_behalf_of for vote in request.votes if vote.approves}
    missing = max(1, max(1, request.quorum) - len(given))
    needs = mrkdwn("Needs {}", counted(missing, "more approval" if given else "approval"))
    so_far = mrkdwn("{}. ", _votes(request)) if given else Mrkdwn("")
    whose = listed(
        [_approver(one, delegates) for one in sorted(set(approvers) - given - stood_for)], at_most=APPROVERS, last="or"
    )
    called = joined(" ", (mention(one) for one in request.notify[:10] if one not in whose))
    names = mrkdwn("{}{}: {}.", so_far, needs, whose) if whose else mrkdwn("{}{}.", so_far, needs)
    return mrkdwn("{} cc {}.", names, called) if called else names


def _approver(user_id: str, delegates: Mapping[str, str]) -> Mrkdwn:
    """Return who can approve: a person, or their delegate as `Ben (for Ana)`."""
    delegate = delegates.get(user_id)
    return mrkdwn("{} (for {})", person(delegate), person(user_id)) if delegate else person(user_id)


def _voters(request: Request) -> Mrkdwn:
    """Return who approved. For a delegate, add the approver whom they represent."""
    yes = [vote for vote in request.votes if vote.approves]
    return listed([voter(vote) for vote in yes])


def _votes(request: Request) -> Mrkdwn:
    yes = [vote.user_id for vote in request.votes if vote.approves]
    by = mrkdwn(" ({})", _voters(request)) if yes else Mrkdwn("")
    return mrkdwn("{} of {} approvals{}", len(yes), max(1, request.quorum), by)


def _progress_blocks(request: Request, now: datetime, done: Reply | None, review: Review | None) -> list[Block]:
    words = outcome_text(request)
    is_quoted = request.state is State.DENIED and any(vote.comment for vote in request.votes)
    lines = [] if done or request.state is State.QUARANTINED else [words, *proof_lines(request)]
    lines = [still_blocked(request)] if is_quoted else lines
    if request.state is State.READY:
        lines = [mrkdwn("{}, press *Reveal* to see the token. Only you will see it.", person(request.requester))]
        if request.expires_at:
            until = at_time(request.expires_at, now)
            lines.append(mrkdwn("Reveal before {}. No token is created until you do.", until))
    if request.state is State.QUARANTINED and request.outcome:
        lines.append(sentence(request.outcome))
    if request.is_indefinite:
        lines.append(no_countdown(request))
    if request.state is State.QUARANTINED and request.due_at:
        lines.append(
            mrkdwn(
                "It will be destroyed {} ({}), unless someone presses *Undo*.",
                _time_left(request.due_at, now),
                when(request.due_at),
            )
        )
    for vote in request.votes:
        if not vote.approves:
            lines.append(mrkdwn("Denied by {}.", voter(vote)))
    lines = [line for line in lines if line]
    blocks = [kit.section(Mrkdwn("\n".join(lines)))] if lines else []
    blocks += [
        kit.quote(Plain("Reason for the denial"), Plain(vote.comment), at_most=500)
        for vote in request.votes
        if vote.comment and not vote.approves
    ]
    return blocks + _review_blocks(review)


def _review_blocks(review: Review | None) -> list[Block]:
    if review is None:
        return []
    if review.reviewed_at is None:
        called = joined(" ", (mention(one) for one in review.notify[:10]))
        words = mrkdwn("Done *without approval*. Someone else must review it by {}.", when(review.due_at))
        return [kit.section(joined(" ", (words, called)))]
    verdict = Mrkdwn("justified") if review.justified else Mrkdwn("*not* justified")
    comment = [kit.quote(Plain("Review"), Plain(review.comment), at_most=500)] if review.comment else []
    return [kit.section(mrkdwn("Reviewed by {}: {}.", person(review.reviewed_by), verdict)), *comment]


def _history(request: Request) -> Mrkdwn:
    """Return the footer: `Dana · approved by Ana · 1:43 AM · ID`. The time is that of the last change."""
    voters = _voters(request)
    approved = mrkdwn("approved by {}", voters) if voters else Mrkdwn("")
    ended = when(changed_at(request) or request.created_at)
    parts = (person(request.requester), approved, ended, mrkdwn("`{}`", request.id))
    loud = BREAK_GLASS if request.mode is Mode.BREAK_GLASS else Mrkdwn("")
    return mrkdwn("{}{}", loud, joined(" · ", [part for part in parts if part]))


def _time_left(due: datetime, now: datetime) -> str:
    return f"in {span(due - now)}" if due - now > timedelta(0) else "any moment now"

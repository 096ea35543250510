"""Messages about one request: its card in every state, the private confirmation, notices, and its row in a list."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.kit import Element
from bot.blocks.message import fit_blocks, headline, reply
from bot.blocks.plans import plan_blocks
from bot.blocks.proofs import proof_notice, proof_of
from bot.blocks.text import (
    Mrkdwn,
    Plain,
    at_time,
    channel,
    counted,
    cut,
    joined,
    linked,
    mention,
    mrkdwn,
    people,
    person,
    sentence,
    span,
    when,
)
from bot.core.catalogue import CommandCatalogue
from bot.core.declaration import IncidentRole
from bot.core.records.incidents import Review
from bot.core.reply import Block, Reply
from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import COUNTDOWN_OVER, REFUSED, Mode, Request, State

_SIGNS: Final = {
    State.APPROVED: Mrkdwn(":hourglass_flowing_sand:"),
    State.READY: Mrkdwn(":key:"),
    State.EXECUTING: Mrkdwn(":hourglass_flowing_sand:"),
    State.QUARANTINED: Mrkdwn(":stopwatch:"),
    State.SUCCEEDED: Mrkdwn(":white_check_mark:"),
    State.FAILED: Mrkdwn(":x:"),
    State.UNKNOWN: Mrkdwn(":grey_question:"),
    State.DENIED: Mrkdwn(":no_entry:"),
    State.EXPIRED: Mrkdwn(":hourglass:"),
    State.CANCELLED: Mrkdwn(":wastebasket:"),
    State.STALE: Mrkdwn(":warning:"),
    State.RESTORED: Mrkdwn(":leftwards_arrow_with_hook:"),
}
STATE_WORDS: Final = {
    State.PENDING: "is waiting",
    State.APPROVED: "is approved and starts in a moment",
    State.READY: "is approved",
    State.EXECUTING: "has started",
    State.QUARANTINED: "is approved, and the database is in quarantine",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.UNKNOWN: "has an unknown outcome",
    State.DENIED: "was denied",
    State.EXPIRED: "expired",
    State.CANCELLED: "was withdrawn",
    State.STALE: "was stopped because something changed",
    State.RESTORED: "was undone",
}
"""The state of a request in words, to follow `Dana's request to destroy orders`."""
_BREAK_GLASS: Final = Mrkdwn(":rotating_light: *Break-glass* · ")
APPROVERS: Final = 12
"""How many approvers a card names."""
_AGAIN: Final = {
    State.STALE: "Ask again",
    State.EXPIRED: "Ask again",
    State.FAILED: "Try again",
}


def request_card(
    request: Request,
    catalogue: CommandCatalogue,
    *,
    now: datetime,
    approvers: Collection[str] = (),
    review: Review | None = None,
    done: Reply | None = None,
) -> Reply:
    """Return the card of a request in its current state.

    It depends only on the store, so it can be drawn again any time.

    Args:
        done: the command's own message about a success, used instead of ours.
        approvers: who may approve now. The card names them.
        review: the review of a break-glass operation, if there is one.
    """
    if request.state is State.PENDING and request.mode is not Mode.APPROVAL:
        return confirm_message(request, catalogue, now=now)
    title = _title(request, catalogue)
    rows = kit.actions(*card_buttons(request, catalogue, review))
    if request.state is State.PENDING:
        foot = kit.context(_approval_status(request, now, approvers), _small_print(request))
        plan = plan_blocks(request.plan, countdown=request.countdown)
        return reply(
            _notification_text(request, catalogue, now),
            [kit.section(title), *_reason_blocks(request), *plan, *rows, foot],
        )
    course = [*_progress_blocks(request, now, done, review), *_reason_blocks(request)]
    if done is None:
        return reply(title, [kit.section(title), *course, *rows, kit.context(_history(request))])
    return reply(Mrkdwn(done.text), [*done.blocks, *course, *rows, kit.context(_history(request))])


def outcome_notice(request: Request, catalogue: CommandCatalogue, *, elsewhere: bool = False) -> Reply:
    """Return a one-line notice about the state of a request.

    Args:
        elsewhere: the notice goes to a direct message, because the channel can't or may not show it.
    """
    words, state = _outcome_text(request), Mrkdwn(STATE_WORDS[request.state])
    denial = next((vote for vote in request.votes if not vote.approves), None)
    if denial and request.state is State.DENIED:
        state = mrkdwn("was denied by {}", person(denial.user_id))
        comment = mrkdwn("“{}”", cut(denial.comment, 500)) if denial.comment else sentence(request.outcome)
        words = joined(" ", (comment, _still_blocked(request)))
    proof = Proof.of(request.facts)
    if proof and request.state is State.SUCCEEDED:
        words = proof_notice(buttons.subject(request), proof)
    if proof and request.state is State.UNKNOWN:
        words = joined(" ", (words, *_proof_lines(request)))
    if request.state is State.READY:
        where = mrkdwn("my Home tab") if elsewhere else mrkdwn("the card")
        words = mrkdwn("Press *Reveal* on {} to see your token.", where)
    sign = Mrkdwn(_SIGNS.get(request.state, ":raised_hand:"))
    wish = buttons.to_do(request, catalogue)
    head = mrkdwn("{} {}: your request to {} {}.", sign, people(_recipients(request)), wish, state)
    text = joined(" ", [part for part in (head, words) if part])
    then = [kit.context(_NO_COUNTDOWN)] if request.rests else []
    if not elsewhere:
        return reply(text, [kit.section(text), *then])
    why = mrkdwn("Requested in {}, where I can't post now.", channel(request.channel_id))
    return reply(text, [kit.section(text), *then, kit.context(why)])


def plain_outcome(request: Request) -> Reply:
    """Return a notice that needs only a request's state and names, for when the card can't be drawn."""
    names = joined(", ", (mrkdwn("`{}`", name) for name, _ in request.plan.databases[:5]))
    state = STATE_WORDS[request.state]
    text = mrkdwn("{}: your request (`{}` {}) {}.", person(request.requester), request.command, names, state)
    note = mrkdwn("The card can't be shown because of an error in Turso Ops. Reference: `{}`", request.id)
    return reply(text, [kit.section(text), kit.context(note)])


def _outcome_text(request: Request) -> Mrkdwn:
    """Return the outcome in words, and what stays blocked."""
    return joined(" ", [part for part in (sentence(request.outcome), _still_blocked(request)) if part])


def _still_blocked(request: Request) -> Mrkdwn:
    """Return what to do about a block that outlives the request, or nothing."""
    if not request.leaves_frozen:
        return Mrkdwn("")
    name = buttons.subject(request)
    return mrkdwn("The earlier quarantine of `{}` ended, but it is still blocked. Unblock it with `/turso thaw {}`.",
                  name, name)  # fmt: skip


_NO_COUNTDOWN: Final = Mrkdwn(
    "It stays blocked until someone presses *Undo* or destroys it. Nothing more happens automatically."
)


def _recipients(request: Request) -> list[str]:
    """Return who is notified of an outcome: the requester, and the approvers if the countdown ended unexpectedly."""
    approved = [vote.user_id for vote in request.votes if vote.approves] if request.facts.get(COUNTDOWN_OVER) else []
    return list(dict.fromkeys([request.requester, *approved]))


def outcome_note(request: Request, done: Reply, timeline: str, *, until: datetime | None = None) -> Reply:
    """Return a private note on how a change ended, with the next step and a link to the timeline.

    Args:
        done: the command's own message, or the card.
        until: when the freeze of this request ends.
    """
    text = headline(done)
    if until is not None:
        text = mrkdwn(":snowflake: `{}` is frozen until {}.", buttons.subject(request), when(until))
    link = [kit.context(mrkdwn("{}", linked(timeline, "Timeline")))] if timeline else []
    rows = [block for block in done.blocks if block["type"] == "actions"]
    return reply(text, [kit.section(text), *rows[:1], *link], private=True)


def waiting_note(request: Request, catalogue: CommandCatalogue, why: str, *, now: datetime) -> Reply:
    """Return a private note that a change can't start yet, why not, and how long it is tried."""
    text = mrkdwn(
        ":hourglass_flowing_sand: Your request to {} can't start yet. {}",
        buttons.to_do(request, catalogue),
        sentence(why),
    )
    then = Mrkdwn("I keep trying, and the outcome will appear here.")
    if request.sent_at is None and request.expires_at is not None and request.expires_at > now:
        then = mrkdwn("I keep trying until {}. The outcome will appear here.", at_time(request.expires_at, now))
    rows = kit.actions(*card_buttons(request, catalogue, None))
    return reply(text, [kit.section(text), *rows, kit.context(then, _small_print(request))], private=True)


def reveal_again_note(request: Request, why: str) -> Reply:
    """Offer the requester another token, when it is unknown whether the first one exists."""
    text = mrkdwn(":grey_question: {}", sentence(why))
    again = buttons.reveal(request, "Reveal again")
    return reply(text, [kit.section(text), *kit.actions(again), kit.context(_small_print(request))], private=True)


def add_incident_note(reply: Reply, key: str, link: str) -> Reply:
    """Add a note to a message that names its incident and links to the timeline."""
    note = mrkdwn(":rotating_light: Incident *{}* · {}", key, linked(link, "timeline"))
    plain = fit_blocks(kit.add_to_footer(reply.plain_blocks, note)) if reply.plain_blocks else ()
    return replace(reply, blocks=fit_blocks(kit.add_to_footer(reply.blocks, note)), plain_blocks=plain)


def confirm_message(request: Request, catalogue: CommandCatalogue, *, now: datetime) -> Reply:
    """Return the private message that asks the requester to confirm."""
    loud = _BREAK_GLASS if request.mode is Mode.BREAK_GLASS else Mrkdwn("")
    title = mrkdwn("{}Do you want to {}?", loud, buttons.to_do(request, catalogue))
    notes = []
    if request.mode is Mode.BREAK_GLASS:
        notes.append(mrkdwn("This happens at once, the channel is notified, and someone else must review it."))
    if request.expires_at:
        notes.append(mrkdwn("Confirm before {}. Nothing happens until you do.", at_time(request.expires_at, now)))
    row = [buttons.confirm(request, catalogue), buttons.dismiss(request), *_freeze_first(request, catalogue)]
    return reply(
        title,
        [
            kit.section(title),
            *_reason_blocks(request),
            *plan_blocks(request.plan, countdown=request.countdown),
            *kit.actions(*row),
            kit.context(*notes, _small_print(request)),
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
    said = mrkdwn("_{}_", cut(request.reason, 200)) if request.reason else Mrkdwn("")
    waits = mrkdwn(" · {}", _votes(request)) if request.state is State.PENDING and request.quorum else Mrkdwn("")
    head = mrkdwn("{}{}", _title(request, catalogue), waits)
    lines = [line for line in (head, said) if line]
    return [
        kit.section(Mrkdwn("\n".join(lines))),
        kit.context(joined(" · ", (until, mrkdwn("`{}`", request.id)))),
        *kit.actions(*row),
    ]


def card_buttons(request: Request, catalogue: CommandCatalogue, review: Review | None) -> list[Element]:
    """Return the buttons of a card in its current state. Every click is authorized again."""
    state = request.state
    if state is State.PENDING and request.mode is Mode.APPROVAL:
        yes = buttons.approve(request, catalogue)
        own = [buttons.withdraw(request.id), buttons.remind(request.id)]
        return [yes, buttons.deny(request.id), *own, *_freeze_first(request, catalogue)]
    if state is State.PENDING:
        return [buttons.confirm(request, catalogue), buttons.dismiss(request)]
    if state is State.APPROVED or (state is State.EXECUTING and request.sent_at is None):
        others = [buttons.deny(request.id)] if request.mode is Mode.APPROVAL else []
        return [*others, buttons.withdraw(request.id)]
    if state is State.READY:
        return [buttons.reveal(request), buttons.withdraw(request.id)]
    if state is State.QUARANTINED:
        once_more = buttons.run(1, "Ask again", request.line) if request.rests and request.line else []
        return [buttons.undo(request.id), *once_more, *_review_button(request, review)]
    again = catalogue.again_label_of(request.command) if state is State.UNKNOWN else _AGAIN.get(state)
    if state is State.FAILED and request.facts.get(REFUSED):
        again = None
    if again and state is State.UNKNOWN and catalogue.reveals(request.command):
        return [buttons.reveal(request, again)]
    return [*(_again_buttons(request, catalogue, again) if again else []), *_review_button(request, review)]


def _again_buttons(request: Request, catalogue: CommandCatalogue, label: str) -> list[Element]:
    """Return the button that requests the same again.

    For an incident it is bound to that incident, never a later one.
    """
    incident_id = str(request.plan.arguments.get("incident_id", ""))
    if catalogue.incident_role_of(request.command) is IncidentRole.ENDS:
        return [buttons.end_incident(incident_id, label)]
    if request.plan.arguments.get("extends"):
        return []
    return buttons.run(1, label, request.line) if request.line else []


def _freeze_first(request: Request, catalogue: CommandCatalogue) -> list[Element]:
    offered = catalogue.offers_freeze(request.command)
    return buttons.freeze_first(buttons.subject(request)) if offered else []


def _review_button(request: Request, review: Review | None) -> list[Element]:
    owed = request.mode is Mode.BREAK_GLASS and (review is None or review.reviewed_at is None)
    acted = request.state not in (State.PENDING, State.CANCELLED, State.EXPIRED, State.STALE, State.DENIED)
    return [buttons.review(request.id)] if owed and acted else []


def _title(request: Request, catalogue: CommandCatalogue) -> Mrkdwn:
    loud = _BREAK_GLASS if request.mode is Mode.BREAK_GLASS else Mrkdwn("")
    requester = person(request.requester)
    if request.state is State.PENDING:
        return mrkdwn(":raised_hand: {}{} wants to {}", loud, requester, buttons.to_do(request, catalogue))
    sign, state = _SIGNS[request.state], STATE_WORDS[request.state]
    return mrkdwn("{} {}{}'s request to {} {}", sign, loud, requester, buttons.to_do(request, catalogue), state)


def _notification_text(request: Request, catalogue: CommandCatalogue, now: datetime) -> Mrkdwn:
    """Return the notification of a new request: who wants what, why, and until when it waits."""
    why = mrkdwn(": {}", cut(request.reason, 200).rstrip(". ")) if request.reason else Mrkdwn("")
    until = mrkdwn(" Approve by {}.", at_time(request.expires_at, now)) if request.expires_at else Mrkdwn("")
    return mrkdwn("{} wants to {}{}.{}", person(request.requester), buttons.to_do(request, catalogue), why, until)


def _reason_blocks(request: Request) -> list[Block]:
    ticket = mrkdwn("*Ticket*: `{}`", cut(request.ticket, 100)) if request.ticket else Mrkdwn("")
    said = [kit.quote(Plain("Reason"), Plain(request.reason), at_most=800)] if request.reason else []
    return said + ([kit.section(ticket)] if ticket else [])


def _approval_status(request: Request, now: datetime, approvers: Collection[str]) -> Mrkdwn:
    until = Mrkdwn("")
    if request.expires_at:
        until = mrkdwn("Expires {} ({}).", _time_left(request.expires_at, now), when(request.expires_at))
    return joined(" ", [part for part in (_missing_approvals(request, approvers), until) if part])


def _missing_approvals(request: Request, approvers: Collection[str]) -> Mrkdwn:
    """Return how many approvals are missing and who can give them: `Needs 1 approval: Ana or Ben.`"""
    given = {vote.user_id for vote in request.votes if vote.approves}
    missing = max(1, max(1, request.quorum) - len(given))
    needs = mrkdwn("Needs {}", counted(missing, "more approval" if given else "approval"))
    so_far = mrkdwn("{}. ", _votes(request)) if given else Mrkdwn("")
    whose = people(sorted(set(approvers) - given), at_most=APPROVERS, last="or")
    called = joined(" ", (mention(one) for one in request.notify[:10] if one not in whose))
    names = mrkdwn("{}{}: {}.", so_far, needs, whose) if whose else mrkdwn("{}{}.", so_far, needs)
    return mrkdwn("{} cc {}.", names, called) if called else names


def _votes(request: Request) -> Mrkdwn:
    yes = [vote.user_id for vote in request.votes if vote.approves]
    by = mrkdwn(" ({})", people(yes)) if yes else Mrkdwn("")
    return mrkdwn("{} of {} approvals{}", len(yes), max(1, request.quorum), by)


def _progress_blocks(request: Request, now: datetime, done: Reply | None, review: Review | None) -> list[Block]:
    words = _outcome_text(request)
    is_quoted = request.state is State.DENIED and any(vote.comment for vote in request.votes)
    lines = [] if done or request.state is State.QUARANTINED else [words, *_proof_lines(request)]
    lines = [_still_blocked(request)] if is_quoted else lines
    if request.state is State.READY:
        lines = [mrkdwn("{}, press *Reveal* to see the token. Only you will see it.", person(request.requester))]
        if request.expires_at:
            until = at_time(request.expires_at, now)
            lines.append(mrkdwn("Reveal before {}. No token is created until you do.", until))
    if request.state is State.QUARANTINED and request.outcome:
        lines.append(sentence(request.outcome))
    if request.rests:
        lines.append(_NO_COUNTDOWN)
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
            lines.append(mrkdwn("Denied by {}.", person(vote.user_id)))
    lines = [line for line in lines if line]
    blocks = [kit.section(Mrkdwn("\n".join(lines)))] if lines else []
    blocks += [
        kit.quote(Plain("Reason for the denial"), Plain(vote.comment), at_most=500)
        for vote in request.votes
        if vote.comment and not vote.approves
    ]
    return blocks + _review_blocks(review)


def _proof_lines(request: Request) -> list[Mrkdwn]:
    """Return what a probe token shows about a rotation whose outcome is unknown."""
    proof = Proof.of(request.facts) if request.state is State.UNKNOWN else None
    if proof is None:
        return []
    if proof.target.tokens is OldTokens.WATCHED:
        return [mrkdwn("Until {}, I check whether an old token is refused.", when(proof.until))]
    return [proof_of(proof.target)]


def _review_blocks(review: Review | None) -> list[Block]:
    if review is None:
        return []
    if review.reviewed_at is None:
        called = joined(" ", (mention(one) for one in review.notify[:10]))
        words = mrkdwn("Done *without approval*. Someone else must review it by {}.", when(review.due_at))
        return [kit.section(joined(" ", (words, called)))]
    found = Mrkdwn("justified") if review.justified else Mrkdwn("*not* justified")
    said = [kit.quote(Plain("Review"), Plain(review.comment), at_most=500)] if review.comment else []
    return [kit.section(mrkdwn("Reviewed by {}: {}.", person(review.reviewed_by), found)), *said]


def _history(request: Request) -> Mrkdwn:
    """Return the footer: who requested it, who approved it, and when it ended: `Dana · approved by Ana · 1:43 AM`."""
    yes = [vote.user_id for vote in request.votes if vote.approves]
    approved = mrkdwn("approved by {}", people(yes)) if yes else Mrkdwn("")
    ended = when(request.updated_at or request.created_at)
    parts = (person(request.requester), approved, ended, mrkdwn("`{}`", request.id))
    loud = _BREAK_GLASS if request.mode is Mode.BREAK_GLASS else Mrkdwn("")
    return mrkdwn("{}{}", loud, joined(" · ", [part for part in parts if part]))


def _small_print(request: Request) -> Mrkdwn:
    return mrkdwn("`{}` · `{}`", cut(_operation(request), 300), request.id)


def _operation(request: Request) -> str:
    """Return the command without its reason, which a person wrote and which the card shows separately."""
    options = [option for option in request.plan.options if option.startswith("--")]
    return " ".join([request.command, *([buttons.subject(request)] if request.plan.databases else []), *options])


def _time_left(due: datetime, now: datetime) -> str:
    return f"in {span(due - now)}" if due - now > timedelta(0) else "any moment now"

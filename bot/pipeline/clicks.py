"""Every button: who pressed it, may they (the rules decide again), what follows. Each press is answered privately."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.blocks import forms
from bot.blocks.buttons import HOME_PAGE
from bot.core.model import Action, Confirm, Decision, Subject, Target, Verdict
from bot.core.policy import refuses_person
from bot.core.ports import Move, address_of
from bot.core.reply import Reply
from bot.core.request import Incoming, Mode, Request, Review, State, Timer, TimerKind, Vote
from bot.errors import BadInput, Refused
from bot.pipeline import revealing
from bot.pipeline.answering import entry, said
from bot.pipeline.consent import count_votes
from bot.pipeline.environment import Environment
from bot.pipeline.executing import start_undo
from bot.pipeline.judging import judge, request_action
from bot.pipeline.telling import show, tell_outcome

LAPSE = timedelta(minutes=15)
UNTOUCHED = (State.PENDING, State.APPROVED, State.READY)
"""Nothing has been done yet."""
OVER: Final = "It is too late: this request has expired, and nothing was changed. Ask again."


@dataclass(frozen=True, slots=True)
class Click:
    """One kind of button."""

    run: Callable[[Environment, Incoming], Awaitable[str]]
    changes: bool = True
    """Its press is committed before the ack."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press on something of a request: the request, who pressed, and what the rules say now of the one who asked."""

    request: Request
    subject: Subject
    decision: Decision

    @property
    def presser(self) -> str:
        """The user id of whoever pressed."""
        return self.subject.person.id


def carries_line(action_id: str) -> bool:
    """`run.…` and `page.…` carry a command line, which is parsed and decided as if it were typed."""
    return action_id.startswith(("run.", "page."))


def turns_home(action_id: str) -> bool:
    """Say whether the button turns a page of the Home tab, which is then drawn again for whoever pressed."""
    return action_id.startswith(HOME_PAGE)


def form_of(action_id: str) -> str | None:
    """Return the command whose form the button opens."""
    return action_id.removeprefix("form.open.") if action_id.startswith("form.open.") else None


async def pressed(env: Environment, incoming: Incoming) -> Pressed:
    """Load what the button's id stands for and decide again, for whoever asked, by the rules in force now.

    Raises:
        BadInput: no such request, or it belongs to another channel.
    """
    request = await env.memory.request(incoming.value) if incoming.value else None
    if request is not None:
        await env.refresh(incoming, request)
    subject = await env.subject(incoming)
    elsewhere = request is not None and incoming.channel_id not in ("", request.channel_id)
    if request is None or (elsewhere and subject.channel.kind.value != "dm"):
        raise BadInput("I do not know this request: the button is old or from elsewhere. See `/turso requests`.")
    decision = judge(env, await env.asker_of(request), request_action(request))
    return Pressed(request, subject, decision)


async def pressed_to_deny(env: Environment, incoming: Incoming) -> Pressed:
    """The same, where a no is meant: who could have decided while an incident ran may still close what it left."""
    press = await pressed(env, incoming)
    if press.decision.verdict is not Verdict.DENY or not press.request.incident_id:
        return press
    asker = await env.settling(await env.asker_of(press.request), press.request.incident_id)
    return replace(press, decision=judge(env, asker, request_action(press.request)))


async def approve(env: Environment, incoming: Incoming) -> str:
    """Approve: a vote at once, or a modal in which the approver types the name."""
    press = await pressed(env, incoming)
    _may_vote(env, press)
    if press.request.confirm is Confirm.TYPE_NAME:
        return await _ask_name(env, incoming, press.request, "approval.type_name")
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


def may_act(env: Environment, subject: Subject) -> bool:
    """The floor under every vote: a human of this workspace who is still here, or somebody whom the policy names."""
    return refuses_person(env.rules.policy, subject.person) is None


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
    now = env.clock.now()
    reveals = not hasattr(env.by_name[request.command], "act")
    to = State.READY if reveals else State.APPROVED
    move = Move(
        to=to,
        at=now,
        changes={"expires_at": now + LAPSE} if reveals else {},
        timers=[Timer(TimerKind.LAPSE, request.id, now + LAPSE)] if reveals else [],
        cancel=[TimerKind.EXPIRE, TimerKind.REMIND],
        enqueue=None if reveals else "execute",
    )
    moved = await env.memory.move(request.id, expect=[State.PENDING], move=move)
    if moved is None:
        return await _late(env, incoming, request.id)
    env.observer.request(to)
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
        return await _late(env, incoming, request.id)
    env.observer.request(State.DENIED)
    await tell_outcome(env, request.id)
    await env.messenger.whisper(address_of(incoming), said("Denied by you. Nothing was changed."))
    return "denied"


async def _late(env: Environment, incoming: Incoming, request_id: str) -> str:
    request = await env.memory.request(request_id)
    state = request.state.value if request else "gone"
    await env.messenger.whisper(address_of(incoming), said(f"Somebody was quicker: the request is {state} now."))
    return "late"


async def withdraw(env: Environment, incoming: Incoming) -> str:
    """Withdraw: the asker takes the request back before anything has happened."""
    press = await pressed(env, incoming)
    if press.presser != press.request.asker:
        raise Refused("Only the one who asked may withdraw it; an approver may deny it.")
    words = said("Withdrawn. Nothing was changed.", f"Request `{press.request.id}`")
    return await _cancel(env, incoming, press, "Withdrawn by its asker.", words, replace=False)


async def dismiss(env: Environment, incoming: Incoming) -> str:
    """Cancel, on the asker's own confirmation."""
    press = await pressed(env, incoming)
    if press.presser != press.request.asker:
        raise Refused("Only the one who asked may cancel this.")
    words = said("Cancelled. Nothing was changed.")
    return await _cancel(env, incoming, press, "Cancelled by its asker.", words, replace=incoming.is_ephemeral)


async def _cancel(
    env: Environment, incoming: Incoming, press: Pressed, outcome: str, words: Reply, *, replace: bool
) -> str:
    now, request = env.clock.now(), press.request
    line = entry("withdrawn", "cancelled", at=now, request=request, by=press.presser)
    move = Move(to=State.CANCELLED, at=now, changes={"outcome": outcome}, entries=[line], cancel=tuple(TimerKind))
    if await env.memory.move(request.id, expect=[State.PENDING, State.READY], move=move) is None:
        raise Refused(f"It is too late: this request is {request.state.value}.")
    env.observer.request(State.CANCELLED)
    await show(env, request.id)
    await env.messenger.whisper(address_of(incoming), words, replace=replace)
    return "cancelled"


async def confirm(env: Environment, incoming: Incoming) -> str:
    """The asker means it: go on at once, or after they have typed the name."""
    press = await pressed(env, incoming)
    _may_confirm(env, press)
    if press.request.confirm is Confirm.TYPE_NAME:
        return await _ask_name(env, incoming, press.request, "request.type_name")
    return await go_on(env, incoming, press)


def _may_confirm(env: Environment, press: Pressed) -> None:
    request = press.request
    if press.presser != request.asker:
        raise Refused("Only the one who asked may confirm this.")
    if request.state is not State.PENDING or request.mode is Mode.APPROVAL:
        raise Refused(f"It is too late: this request is {request.state.value}. {request.outcome}".strip())
    if request.is_over(env.clock.now()):
        raise Refused(OVER)
    if not press.decision.allowed:
        raise Refused(f"This is no longer yours to do. {press.decision.reason}")


async def go_on(env: Environment, incoming: Incoming, press: Pressed) -> str:
    """Start what its asker has confirmed."""
    _may_confirm(env, press)
    now, request = env.clock.now(), press.request
    reveals = not hasattr(env.by_name[request.command], "act")
    to = State.READY if reveals else State.APPROVED
    line = entry("confirmed", "confirmed", at=now, request=request, decision=press.decision)
    move = Move(
        to=to,
        at=now,
        changes={"expires_at": now + LAPSE} if reveals else {},
        entries=[line],
        timers=[Timer(TimerKind.LAPSE, request.id, now + LAPSE)] if reveals else [],
        cancel=[TimerKind.EXPIRE],
        enqueue=None if reveals else "execute",
    )
    moved = await env.memory.move(request.id, expect=[State.PENDING], move=move)
    if moved is None:
        return await _late(env, incoming, request.id)
    env.observer.request(to)
    if reveals:
        return await revealing.reveal(env, moved, incoming, press.subject)
    words = said("Confirmed. It starts now; the outcome follows here.", f"Request `{request.id}`")
    await env.messenger.whisper(address_of(incoming), words, replace=incoming.is_ephemeral)
    return "confirmed"


async def reveal(env: Environment, incoming: Incoming) -> str:
    """Reveal: mint the token and show it to its asker alone."""
    press = await pressed(env, incoming)
    return await revealing.reveal(env, press.request, incoming, press.subject)


async def undo(env: Environment, incoming: Incoming) -> str:
    """Undo: end a quarantine and open the database again."""
    press = await pressed(env, incoming)
    return await undo_request(env, incoming, press)


async def undo_request(env: Environment, incoming: Incoming, press: Pressed) -> str:
    """Start the undoing, if the quarantine still runs and this person may."""
    request = press.request
    if not await may_undo(env, press):
        raise Refused("Only the one who asked, those who approved, or whoever may `restore` here may undo this.")
    if await start_undo(env, request, by=press.presser) is None:
        now_request = await env.memory.request(request.id) or request
        raise Refused(f"There is nothing to undo: this request is {now_request.state.value}.")
    await env.messenger.whisper(address_of(incoming), said("Undo starts now; the card will say when it is open again."))
    return "undo"


async def may_undo(env: Environment, press: Pressed) -> bool:
    """Say whether this person may undo the quarantine: its asker, its approvers, or who may `restore` here.

    Of an incident that has ended: as if it still ran.
    """
    request, target = press.request, press.request.plan.target
    if not may_act(env, press.subject):
        return False
    asker = await env.settling(await env.asker_of(request), request.incident_id)
    decision = judge(env, asker, request_action(request))
    if press.presser == request.asker or press.presser in decision.undo_by | decision.approvers:
        return True
    standing = await env.settling(press.subject, request.incident_id)
    databases = (Target(target.name, target.group),) if target else ()
    return judge(env, standing, Action("restore", databases=databases)).allowed


async def open_review(env: Environment, incoming: Incoming) -> str:
    """Review a break-glass act: a modal with a verdict and a comment."""
    press = await pressed(env, incoming)
    owed = [review for review in await env.memory.reviews(owed=True) if review.request_id == press.request.id]
    if not owed:
        raise Refused("No review is owed for this any more.")
    await must_review(env, press, owed[0])
    view = forms.review_view(owed[0].id, title="Review", about=press.request.line)
    if incoming.trigger_id and await env.messenger.open_view(incoming.trigger_id, view):
        return "review_opened"
    raise Refused("Slack's trigger for the form is too old: press the button again.")


async def must_review(env: Environment, press: Pressed, review: Review) -> None:
    """Raise unless this person may give the review: by the rules as they are now, where they still know the act."""
    if press.presser == review.actor:
        raise Refused("Whoever acted cannot review it; somebody else must.")
    asker = await env.settling(await env.asker_of(press.request), press.request.incident_id)
    decision = judge(env, asker, request_action(press.request))
    known = decision.verdict is Verdict.BREAK_GLASS
    reviewers = decision.reviewers if known else frozenset(review.reviewers)
    if press.presser not in reviewers or not may_act(env, press.subject):
        raise Refused("You are not among those who may review this.")


async def thaw_hold(env: Environment, incoming: Incoming) -> str:
    """Thaw: ask for the end of a freeze."""
    from bot.pipeline import loose

    return await loose.thaw_hold(env, incoming)


async def end_tokens(env: Environment, incoming: Incoming) -> str:
    """Rotate: ask for the end of a token."""
    from bot.pipeline import loose

    return await loose.end_tokens(env, incoming)


async def _ask_name(env: Environment, incoming: Incoming, request: Request, callback_id: str) -> str:
    name = subject_name(request)
    view = forms.typed_name_view(callback_id, request.id, name=name, steps=request.plan.steps)
    if incoming.trigger_id and await env.messenger.open_view(incoming.trigger_id, view):
        return "name_asked"
    raise Refused("Slack's trigger for the form is too old: press the button again.")


def subject_name(request: Request) -> str:
    """Return the name that is typed to confirm: the database's."""
    return request.plan.target.name if request.plan.target else str(request.plan.arguments.get("name", request.command))


async def unknown(env: Environment, incoming: Incoming) -> str:
    """A button that we never made, or no longer know."""
    subject = await env.subject(incoming)
    judge(env, subject, Action("home"))
    raise BadInput("I do not know this button: it is of an older version, or not mine. `/turso` shows what you can do.")


async def nothing(env: Environment, incoming: Incoming) -> str:
    """An input in a form or a link: it needs an ack and no answer."""
    return "ignored"


CLICKS: Final[Mapping[str, Click]] = {
    "approval.approve": Click(approve),
    "approval.deny": Click(deny),
    "approval.withdraw": Click(withdraw),
    "request.confirm": Click(confirm),
    "request.dismiss": Click(dismiss),
    "token.reveal": Click(reveal),
    "quarantine.undo": Click(undo),
    "review.open": Click(open_review, changes=False),
    "hold.thaw": Click(thaw_hold),
    "token.end": Click(end_tokens),
}

"""Find the request of a button press, check whether the person may press now, and start, end or expire the request."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.blocks import forms
from bot.blocks.buttons import CHANNEL_FORM, HOME_PAGE
from bot.blocks.request_text import STATE_WORDS
from bot.core.model import Action, Decision, Verdict
from bot.core.ports import address_of
from bot.core.records.audit_entry import AuditEntry
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.decision import stricter_now
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import BEFORE_SENT, Mode, Request, State
from bot.core.requests.transition import Transition
from bot.errors import BadInput, BotError, Refused, Unavailable
from bot.pipeline.approval.expiry import expire
from bot.pipeline.authorization.authorize import Authorization, authorize
from bot.pipeline.authorization.decision import Forbidden, judge
from bot.pipeline.authorization.steps import RefusalKind, Step
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.replies import entry, private_note

REVEALABLE_FOR: Final = timedelta(minutes=15)
"""How long at most a token may be revealed after the approval or the confirmation."""
OVER: Final = "This request has expired, and nothing was changed. Ask again if you still want it."
WAITING_STEPS: Final = frozenset({Step.VOTE, Step.CONFIRM, Step.REMIND})
"""Steps for which a request must still be waiting, so that it must not have expired under the current rules either."""


def carries_line(action_id: str) -> bool:
    """Return True for `run.…` and `page.…`, whose value is a command line that is handled as if it were typed."""
    return action_id.startswith(("run.", "page."))


def turns_home(action_id: str) -> bool:
    """Return True for a button that shows another page of a list on the Home tab."""
    return action_id.startswith(HOME_PAGE)


def form_of(action_id: str) -> str | None:
    """Return the command whose form a button opens. None for other buttons."""
    return action_id.removeprefix("form.open.") if action_id.startswith("form.open.") else None


def channel_form_of(action_id: str) -> str | None:
    """Return the command whose form a button on Home opens for a channel. None for other buttons."""
    return action_id.removeprefix(CHANNEL_FORM) if action_id.startswith(CHANNEL_FORM) else None


def too_late_error(request: Request) -> Refused:
    """Build the error for a request that can no longer be decided.

    It contains the request's state but not its outcome, whose comments only people in the channel may read.
    """
    return Refused(f"Too late: this request {STATE_WORDS[request.state]}.")


def require_waiting(env: Environment, request: Request, *, for_approval: bool) -> None:
    """Raise Refused unless a request still waits for approval, or for its requester's own confirmation."""
    if request.state is not State.PENDING or (request.mode is Mode.APPROVAL) is not for_approval:
        raise too_late_error(request)
    if request.is_over(env.clock.now()):
        raise Refused(OVER)


async def request_of(env: Environment, incoming: Incoming, verb: str) -> Request:
    """Load the request whose ID is a button's value. `verb` says what the button does, such as `undo`.

    Raises:
        BadInput: there is no such request, or it belongs to another channel.
        Forbidden: the policy gives this person no access at all.
    """
    request = await env.store.requests.get(incoming.value) if incoming.value else None
    if request is None or not may_be_pressed_in(incoming.channel_id, request.channel_id):
        raise BadInput("I can't find this request. `/turso requests` lists the open ones.")
    await require_access(env, incoming, verb)
    return request


async def require_access(env: Environment, incoming: Incoming, verb: str) -> None:
    """Raise Forbidden for people without any access, before their press causes more calls to Slack."""
    try:
        subject = await env.directory.subject(replace(incoming, channel_id=""), usergroups=frozenset())
    except Unavailable:
        return  # authorization refuses the step if facts are missing, and withdrawing needs none
    decision = judge(env, subject, anything := Action(env.catalogue.home))
    if decision.verdict is Verdict.DENY:
        raise Forbidden(
            replace(decision, reason=f"You can't {verb} this. {decision.reason} Nothing was changed."),
            anything,
            subject,
        )


def may_be_pressed_in(pressed_in: str, channel_id: str) -> bool:
    """Return True if a request's button may be pressed here: in its channel, on Home and in direct messages."""
    return pressed_in in ("", channel_id) or pressed_in.startswith("D")


async def require_authorized(
    env: Environment, incoming: Incoming, request: Request, step: Step, *, compares: bool = True
) -> Authorization:
    """Authorize a press. If the database isn't as planned anymore, or the time is up, the request ends.

    Raises:
        BotError: the press is refused, with the reason.
    """
    answer = await authorize(env, request, step, actor=incoming, compares=compares)
    if answer.refusal is RefusalKind.CHANGED:
        await end_stale(env, request, answer.why)
        await _require_unsent(env, request)
        raise BotError(f"{answer.why} Nothing was changed. Ask again if you still want it.")
    answer = answer.require_allowed()
    if step in WAITING_STEPS and answer.request.is_over(env.clock.now()):
        await expire(env, request.id, at_latest=answer.request.expires_at)
        raise Refused(OVER)
    return answer


async def _require_unsent(env: Environment, request: Request) -> None:
    """Raise Refused if the request was sent or ended meanwhile. Sending may be why the database isn't as planned."""
    now_request = await env.store.requests.get(request.id) or request
    if now_request.sent_at is not None or now_request.state not in (*BEFORE_SENT, State.STALE):
        raise too_late_error(now_request)


async def end_stale(env: Environment, request: Request, why: str) -> None:
    """End a waiting request with plan drift as `stale`, and notify the people concerned."""
    now = env.clock.now()
    move = Transition(
        to=State.STALE,
        at=now,
        changes={"outcome": f"{why} Nothing was changed."},
        entries=[entry("stale", "stale", at=now, request=request, what=why)],
        cancel=tuple(TimerKind),
    )
    if await env.store.requests.move(request.id, expect=[State.PENDING, State.READY], move=move) is not None:
        env.observer.request(State.STALE)
        await notify_outcome(env, request.id)


async def start_approved(
    env: Environment, request: Request, now: datetime, decision: Decision, entries: Sequence[AuditEntry] = ()
) -> Request | None:
    """Start an approved or confirmed request, or make its token ready to reveal. Returns None if it isn't pending."""
    reveals = env.catalogue.reveals(request.command)
    until = now + (min(REVEALABLE_FOR, decision.start_within) if reveals else decision.start_within)
    move = Transition(
        to=State.READY if reveals else State.APPROVED,
        at=now,
        changes={**stricter_now(request, decision), "expires_at": until},
        entries=entries,
        timers=[Timer(TimerKind.LAPSE if reveals else TimerKind.EXPIRE, request.id, until)],
        cancel=[TimerKind.EXPIRE, TimerKind.REMIND],
        enqueue=None if reveals else "execute",
    )
    moved = await env.store.requests.move(request.id, expect=[State.PENDING], move=move)
    if moved is not None:
        env.observer.request(move.to)
    return moved


async def answer_late_press(env: Environment, incoming: Incoming, request_id: str) -> str:
    """Answer a press on a request whose state has just changed. The reply says so if the person's vote was recorded."""
    request = await env.store.requests.get(request_id)
    state = STATE_WORDS[request.state] if request else "is gone"
    counts = request is not None and any(one.user_id == incoming.user_id for one in request.votes)
    yours = "Your decision was recorded. " if counts else ""
    words = f"{yours}Meanwhile, the request {state}."
    await env.messenger.send_ephemeral(address_of(incoming), private_note(words))
    return "late"


async def ask_name(env: Environment, incoming: Incoming, request: Request, callback_id: str) -> str:
    """Open the modal in which a person types the name. `callback_id` decides what its submission does."""
    name = subject_name(request)
    about = forms.pack_metadata(request.id, incoming.user_id)
    view = forms.typed_name_view(callback_id, about, name=name, plan=request.plan, countdown=request.countdown)
    if incoming.trigger_id and await env.messenger.open_view(incoming.trigger_id, view) is not None:
        return "name_asked"
    raise Unavailable(forms.TOO_OLD)


def subject_name(request: Request) -> str:
    """Return the name that a person must type to confirm: usually the database's."""
    return request.plan.target.name if request.plan.target else str(request.plan.arguments.get("name", request.command))

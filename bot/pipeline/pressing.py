"""What a press stands for: what its button carries, who pressed, and what the rules say now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.blocks import forms
from bot.blocks.buttons import HOME_PAGE
from bot.core.model import Decision, Subject, Verdict
from bot.core.policy import refuses_person
from bot.core.ports import Move, address_of
from bot.core.request import AuditEntry, Incoming, Request, State, Timer, TimerKind
from bot.errors import BadInput, Unavailable
from bot.pipeline.answering import said
from bot.pipeline.environment import Environment
from bot.pipeline.judging import judge, request_action

LAPSE: Final = timedelta(minutes=15)
"""How long a token may be revealed."""
OVER: Final = "It is too late: this request has expired, and nothing was changed. Ask again."
TOO_OLD: Final = "Slack's trigger for the form is too old: press the button again."


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


def may_act(env: Environment, subject: Subject) -> bool:
    """The floor under every vote: a human of this workspace who is still here, or somebody whom the policy names."""
    return refuses_person(env.rules.policy, subject.person) is None


async def set_off(
    env: Environment, request: Request, now: datetime, entries: Sequence[AuditEntry] = ()
) -> Request | None:
    """Let what nobody has to agree to any more begin: its work, or the wait for Reveal. None: it waits no longer."""
    reveals = not hasattr(env.by_name[request.command], "act")
    move = Move(
        to=State.READY if reveals else State.APPROVED,
        at=now,
        changes={"expires_at": now + LAPSE} if reveals else {},
        entries=entries,
        timers=[Timer(TimerKind.LAPSE, request.id, now + LAPSE)] if reveals else [],
        cancel=[TimerKind.EXPIRE, TimerKind.REMIND],
        enqueue=None if reveals else "execute",
    )
    moved = await env.memory.move(request.id, expect=[State.PENDING], move=move)
    if moved is not None:
        env.observer.request(move.to)
    return moved


async def late(env: Environment, incoming: Incoming, request_id: str) -> str:
    """Tell somebody that another one was quicker."""
    request = await env.memory.request(request_id)
    state = request.state.value if request else "gone"
    await env.messenger.whisper(address_of(incoming), said(f"Somebody was quicker: the request is {state} now."))
    return "late"


async def ask_name(env: Environment, incoming: Incoming, request: Request, callback_id: str) -> str:
    """Open the modal in which the name is typed; `callback_id` says what follows."""
    name = subject_name(request)
    view = forms.typed_name_view(callback_id, request.id, name=name, steps=request.plan.steps)
    if incoming.trigger_id and await env.messenger.open_view(incoming.trigger_id, view):
        return "name_asked"
    raise Unavailable(TOO_OLD)


def subject_name(request: Request) -> str:
    """Return the name that is typed to confirm: the database's."""
    return request.plan.target.name if request.plan.target else str(request.plan.arguments.get("name", request.command))

"""What askers do with their own requests: confirm them, or take them back."""

from bot.core.model import Confirm, Verdict
from bot.core.ports import Move, address_of
from bot.core.reply import Reply
from bot.core.request import Incoming, Mode, State, TimerKind
from bot.errors import Refused
from bot.pipeline import revealing
from bot.pipeline.answering import entry, said
from bot.pipeline.consent import asks_for_more
from bot.pipeline.environment import Environment
from bot.pipeline.pressing import OVER, Pressed, ask_name, late, pressed, set_off
from bot.pipeline.telling import show


async def confirm(env: Environment, incoming: Incoming) -> str:
    """The asker means it: go on at once, or after they have typed the name."""
    press = await pressed(env, incoming)
    _may_confirm(env, press)
    if press.request.confirm is Confirm.TYPE_NAME:
        return await ask_name(env, incoming, press.request, "request.type_name")
    return await go_on(env, incoming, press)


def _may_confirm(env: Environment, press: Pressed) -> None:
    request = press.request
    if press.presser != request.asker:
        raise Refused("Only the one who asked may confirm this.")
    if request.state is not State.PENDING or request.mode is Mode.APPROVAL:
        raise Refused(f"It is too late: this request is {request.state.value}. {request.outcome}".strip())
    if request.is_over(env.clock.now()):
        raise Refused(OVER)
    if press.decision.verdict is Verdict.DENY:
        raise Refused(f"This is no longer yours to do. {press.decision.reason}")
    if more := asks_for_more(request, press.decision):
        raise Refused(f"{more} Nothing was changed; ask again.")


async def go_on(env: Environment, incoming: Incoming, press: Pressed) -> str:
    """Start what its asker has confirmed."""
    _may_confirm(env, press)
    now, request = env.clock.now(), press.request
    line = entry("confirmed", "confirmed", at=now, request=request, decision=press.decision)
    moved = await set_off(env, request, now, [line])
    if moved is None:
        return await late(env, incoming, request.id)
    if moved.state is State.READY:
        return await revealing.reveal(env, moved, incoming, press.subject)
    words = said("Confirmed. It starts now; the outcome follows here.", f"Request `{request.id}`")
    await env.messenger.whisper(address_of(incoming), words, replace=incoming.is_ephemeral)
    return "confirmed"


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

"""Undo: who may end a quarantine, and its beginning."""

from bot.core.model import Action, Decision, Target, Verdict
from bot.core.ports import Move, address_of
from bot.core.request import Incoming, Request, State, TimerKind
from bot.errors import Refused
from bot.pipeline.answering import entry, said
from bot.pipeline.environment import Environment
from bot.pipeline.judging import judge, request_action
from bot.pipeline.pressing import Pressed, may_act, pressed

THEIRS = Decision(Verdict.ALLOW, "You may undo this quarantine: it would be done at once.")
"""What the rules come to for whoever may undo a quarantine, whatever they say of `restore`."""


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


async def start_undo(env: Environment, request: Request, *, by: str) -> Request | None:
    """Take a quarantine out of its countdown and enqueue its Undo, in one commit. None: it no longer counts down."""
    tries = int(request.facts.get("undo_tries", 0))
    now = env.clock.now()
    move = Move(
        to=State.EXECUTING,
        at=now,
        changes={"facts": {**request.facts, "undo_tries": tries + 1}},
        entries=[entry("undo", "asked", at=now, request=request, by=by)],
        cancel=[TimerKind.FINISH],
        enqueue="undo" if tries == 0 else f"undo{tries}",
    )
    return await env.memory.move(request.id, expect=[State.QUARANTINED], move=move)

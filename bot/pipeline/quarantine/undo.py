"""The undo of a quarantine: authorize it, and start its workflow."""

from bot.blocks.request_text import STATE_WORDS
from bot.core.ports import address_of
from bot.core.records.timers import TimerKind
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request, State
from bot.core.requests.seen_times import UNDONE_BY
from bot.core.requests.transition import Transition
from bot.errors import Refused
from bot.pipeline.approval.presses import request_of
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.steps import Step
from bot.pipeline.environment import Environment
from bot.pipeline.replies import entry, private_note


async def undo(env: Environment, incoming: Incoming) -> str:
    """Handle Undo: start the workflow that ends a quarantine and unblocks the database."""
    return await undo_request(env, incoming, await request_of(env, incoming, "undo"))


async def undo_request(env: Environment, incoming: Incoming, request: Request) -> str:
    """Start the undo of an active quarantine.

    Raises:
        Refused: the quarantine isn't active any more.
        BotError: the person may not undo it, or this can't be checked now.
    """
    if request.state is not State.QUARANTINED:
        raise Refused(f"There is nothing to undo. This request {STATE_WORDS[request.state]}.")
    (await authorize(env, request, Step.UNDO, actor=incoming)).require_allowed()
    if await start_undo(env, request, by=incoming.user_id) is None:
        now_request = await env.store.requests.get(request.id) or request
        raise Refused(f"There is nothing to undo. This request {STATE_WORDS[now_request.state]}.")
    await env.messenger.send_ephemeral(
        address_of(incoming), private_note("Undo has started. The card will show the outcome.")
    )
    return "undo"


async def start_undo(env: Environment, request: Request, *, by: str) -> Request | None:
    """Stop the countdown, if any, and enqueue the undo, in one transaction. Returns None if no quarantine is active."""
    tries = int(request.facts.get("undo_tries", 0))
    now = env.clock.now()
    move = Transition(
        to=State.EXECUTING,
        at=now,
        changes={},
        adds={"undo_tries": tries + 1, UNDONE_BY: by},
        entries=[entry("undo", "asked", at=now, request=request, by=by)],
        cancel=[TimerKind.FINISH],
        enqueue="undo" if tries == 0 else f"undo{tries}",
    )
    return await env.store.requests.move(request.id, expect=[State.QUARANTINED], move=move)

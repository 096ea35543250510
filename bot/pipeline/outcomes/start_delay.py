"""The notice that a change can't start yet, and why: on its card, or to the requester if it has no card."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from bot.blocks import request_notices
from bot.core.requests.request import Request, State
from bot.core.requests.transition import Transition
from bot.errors import BotError, Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.request_cards import show
from bot.pipeline.replies import requester_address

log = structlog.get_logger(__name__)
WAITS: Final = "waits"
"""The `event` of the notice that a request can't start yet."""
SLOW_SECONDS: Final = 5.0
"""How long a start may take before people are told about the delay, in seconds."""
BY_HAND: Final = re.compile(r"[:;.] [Tt]ry again( in a moment)?\.$")
"""The end of an error message that is left out here, because the bot tries again itself."""
SLOW: Final = "Slack or Turso is slow to respond."


@asynccontextmanager
async def show_delay(env: Environment, request_id: str) -> AsyncIterator[None]:
    """Return a context manager that shows why a change can't start yet, if its block raises Unavailable or takes long.

    The block must not change anything in Turso.
    """
    over = asyncio.Event()
    watch = asyncio.create_task(_show_if_slow(env, request_id, over))
    try:
        yield
    except Unavailable as error:
        over.set()
        await watch
        await _show_reason(env, request_id, BY_HAND.sub(".", str(error)))
        raise
    finally:
        over.set()
        await watch


async def _show_if_slow(env: Environment, request_id: str, over: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), SLOW_SECONDS)
        return
    await _show_reason(env, request_id, SLOW)


async def _show_reason(env: Environment, request_id: str, why: str) -> None:
    """Show the reason unless it is already shown. If that fails, the next attempt shows it."""
    try:
        async with env.notification_lock(request_id):
            request = await env.store.requests.get(request_id)
            if request is not None and request.state in (State.APPROVED, State.EXECUTING):
                await _store_reason(env, request, f"It can't start yet. {why}")
                if not await env.store.cards.of(request.id):
                    await _notify_requester(env, request, why)
    except BotError as error:
        log.warning("could not show why a change waits", request=request_id, why=str(error))


async def _store_reason(env: Environment, request: Request, words: str) -> None:
    move = Transition(to=request.state, at=env.clock.now(), changes={"outcome": words})
    if request.outcome != words and await env.store.requests.move(request.id, expect=[request.state], move=move):
        await show(env, request.id)


async def _notify_requester(env: Environment, request: Request, why: str) -> None:
    """Notify the requester privately, by replacing the note that the request starts, if any. Raises Unavailable."""
    if await env.store.notices.was_notified(request.id, WAITS):
        return
    note = env.notes.get(request.id)
    reply = request_notices.waiting_note(request, env.catalogue, why, now=env.clock.now())
    if await env.messenger.send_ephemeral(note or requester_address(request), reply, replace=note is not None):
        await env.store.notices.set_notified(request.id, WAITS, how="person")

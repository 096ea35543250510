"""The private note to a requester who has confirmed a request. It may be replaced by the outcome later."""

from datetime import datetime
from typing import Final

import structlog

from bot.blocks import request_notices
from bot.core.model import Confirm
from bot.core.ports import Address
from bot.core.records.holds import HoldKind
from bot.core.requests.request import Mode, Request
from bot.errors import BotError
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.request_cards import card_of, success_message, timeline_link
from bot.pipeline.outcomes.start_delay import WAITS
from bot.pipeline.replies import requester_address

log = structlog.get_logger(__name__)
KEPT: Final = 500


def keep_note(env: Environment, request_id: str, to: Address) -> None:
    """Keep the address of a note in memory, so that it can be replaced while its `response_url` is valid."""
    while len(env.notes) >= KEPT:
        env.notes.popitem(last=False)
    env.notes[request_id] = to


async def update_note(env: Environment, request: Request, *, in_channel: bool) -> None:
    """Replace the note with the outcome, or send a new note. People have already been notified.

    Does nothing unless the requester confirmed the request in an incident, or was told that it couldn't start yet.

    Args:
        in_channel: True if the outcome was posted in the channel. Otherwise people got it privately and need no note.
    """
    note = env.notes.pop(request.id, None)
    confirmed = request.mode is Mode.DIRECT and request.confirm is not Confirm.NONE
    is_awaited = (request.incident_id and confirmed) or await env.store.notices.was_notified(request.id, WAITS)
    if not (in_channel and is_awaited):
        return
    try:
        link = await timeline_link(env, request.incident_id) if request.incident_id else ""
        done = success_message(env, request) or await card_of(env, request)
        reply = request_notices.outcome_note(request, done, link, until=await _frozen_until(env, request))
        await env.messenger.send_ephemeral(note or requester_address(request), reply, replace=note is not None)
    except BotError as error:
        log.info("a private note was not replaced by the outcome", request=request.id, why=str(error))


async def _frozen_until(env: Environment, request: Request) -> datetime | None:
    target = request.plan.target
    held = await env.store.holds.find(database_id=target.id) if target else []
    mine = [one for one in held if one.request_id == request.id and one.kind is HoldKind.FREEZE]
    return mine[0].due_at if mine else None

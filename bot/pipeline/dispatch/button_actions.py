"""The handlers of buttons, except those that carry a command line, open a command's form or turn a page of Home."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.blocks import forms
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.request import ENDS
from bot.errors import BadInput, BotError, Unavailable
from bot.pipeline import token_reveal
from bot.pipeline.approval import confirmation, reminders, review_form, votes
from bot.pipeline.approval.presses import request_of, require_access
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.request_cards import refresh_cards
from bot.pipeline.quarantine import undo
from bot.pipeline.replies import in_open_modal
from bot.pipeline.requests import (
    alert_buttons,
    branch_buttons,
    channel_buttons,
    incident_buttons,
    open_items,
    request_buttons,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Click:
    """The handler of one kind of button, and whether it may change something."""

    run: Callable[[Environment, Incoming], Awaitable[str]]
    changes: bool = True
    """True if the press is stored before the acknowledgement, because it may change something."""


async def reveal(env: Environment, incoming: Incoming) -> str:
    """Handle Reveal: mint the token, and show it only to its requester."""
    return await token_reveal.reveal(env, await request_of(env, incoming, "reveal"), incoming)


UNNAMED: Final = "The form didn't open properly, so no token was created. Close it and press Reveal again."


async def reveal_anywhere(env: Environment, incoming: Incoming) -> str:
    """Handle Reveal. On Home, which has no ephemeral messages, show the token in a modal."""
    if incoming.view_id is None:
        return await reveal(env, incoming)
    modal_id = await env.messenger.open_view(incoming.trigger_id or "", forms.loading_view("Your token"))
    if not modal_id:  # don't mint a token that can't be shown
        raise Unavailable(forms.TOO_OLD if modal_id is None else UNNAMED)
    async with in_open_modal(env, incoming, modal_id, "Your token"):
        outcome = await reveal(env, replace(incoming, modal_id=modal_id))
    if outcome != "revealed":
        request = await env.store.requests.get(incoming.value)
        await env.messenger.update_view(modal_id, forms.notice_view("Your token", request.outcome if request else ""))
    return outcome


async def redraw_if_ended(env: Environment, incoming: Incoming) -> None:
    """Redraw the card of a refused press if its request is in one of `ENDS`.

    The card may be outdated, for example because the channel was archived when the request ended.
    """
    if incoming.kind is not Kind.ACTION or incoming.message_ts is None or incoming.is_ephemeral:
        return
    try:
        request_id = await env.store.cards.request_at(incoming.channel_id, incoming.message_ts)
        request = await env.store.requests.get(request_id) if request_id else None
        if request is not None and request.state in ENDS:
            await refresh_cards(env, request)
    except BotError as error:  # the press is already answered, and the next press redraws the card
        log.info("a card was not updated", reference=incoming.id, why=str(error))


async def unknown(env: Environment, incoming: Incoming) -> str:
    """Refuse a button that doesn't exist, or no longer exists.

    Raises:
        Forbidden: the policy gives this person no access at all, as for any other button.
        BadInput: in all other cases.
    """
    await require_access(env, incoming, "use")
    raise BadInput("This button no longer works. `/turso` shows what you can do.")


CLICKS: Final[Mapping[str, Click]] = {
    "approval.approve": Click(votes.approve),
    "approval.deny": Click(votes.deny),
    "approval.withdraw": Click(confirmation.withdraw),
    "approval.remind": Click(reminders.remind),
    "request.confirm": Click(confirmation.confirm),
    "request.dismiss": Click(confirmation.dismiss),
    "request.again": Click(request_buttons.ask_again),
    "request.freeze": Click(request_buttons.freeze_first),
    "token.reveal": Click(reveal_anywhere),
    "quarantine.undo": Click(undo.undo),
    "review.open": Click(review_form.open_review, changes=False),
    "hold.thaw": Click(open_items.thaw_hold),
    "token.end": Click(open_items.revoke_tokens_of),
    "copy.keep": Click(open_items.keep_copy),
    "copy.discard": Click(open_items.discard_copy),
    "channel.rights": Click(channel_buttons.show_rights, changes=False),
    "incident.extend": Click(incident_buttons.extend),
    "incident.end": Click(incident_buttons.end),
    "alert.triage": Click(alert_buttons.press, changes=False),
    "alert.freeze": Click(alert_buttons.press),
    "alert.overages": Click(alert_buttons.press),
    "alert.incident": Click(alert_buttons.press),
    "alert.mute_hour": Click(alert_buttons.press),
    "alert.mute_day": Click(alert_buttons.press),
    "branch.extend": Click(branch_buttons.extend),
    "branch.keep": Click(branch_buttons.keep),
    "branch.destroy": Click(branch_buttons.destroy_now),
}

"""Chooses the buttons of a request's card by its state."""

from typing import Final

from bot.blocks import buttons
from bot.blocks.kit import Element
from bot.core.catalogue import CommandCatalogue
from bot.core.declaration import IncidentRole
from bot.core.records.incidents import Review
from bot.core.requests.request import REFUSED, Mode, Request, State

COUNTDOWN_KEY: Final = "countdown"
"""The key for `CommandCatalogue.about`, which returns the commands whose quarantine has a countdown."""
_AGAIN: Final = {
    State.STALE: "Ask again",
    State.EXPIRED: "Ask again",
    State.FAILED: "Try again",
}


def card_buttons(request: Request, catalogue: CommandCatalogue, review: Review | None) -> list[Element]:
    """Return the buttons of a card in its current state. Every click is authorized again."""
    state = request.state
    if state is State.PENDING and request.mode is Mode.APPROVAL:
        yes = buttons.approve(request, catalogue)
        own = [buttons.withdraw(request.id), buttons.remind(request.id)]
        return [yes, buttons.deny(request.id), *own, *freeze_first(request, catalogue)]
    if state is State.PENDING:
        return [buttons.confirm(request, catalogue), buttons.dismiss(request)]
    if state is State.APPROVED or (state is State.EXECUTING and request.sent_at is None):
        others = [buttons.deny(request.id)] if request.mode is Mode.APPROVAL else []
        return [*others, buttons.withdraw(request.id)]
    if state is State.READY:
        return [buttons.reveal(request), buttons.withdraw(request.id)]
    if state is State.QUARANTINED:
        stopped = request.is_indefinite and request.command in catalogue.about(COUNTDOWN_KEY)
        once_more = [buttons.again(request.id, "Ask again")] if stopped and request.line else []
        return [buttons.undo(request.id), *once_more, *_review_button(request, review)]
    again = catalogue.again_label_of(request.command) if state is State.UNKNOWN else _AGAIN.get(state)
    if state is State.FAILED and request.facts.get(REFUSED):
        again = None
    if again and state is State.UNKNOWN and catalogue.reveals(request.command):
        return [buttons.reveal(request, again)]
    return [*(_again_buttons(request, catalogue, again) if again else []), *_review_button(request, review)]


def _again_buttons(request: Request, catalogue: CommandCatalogue, label: str) -> list[Element]:
    """Return the button that requests the same change again.

    No button for the extension of an incident, or for a request without a command line.

    The button for the end of an incident applies only to that incident, never to a later one.
    """
    incident_id = str(request.plan.arguments.get("incident_id", ""))
    if catalogue.incident_role_of(request.command) is IncidentRole.ENDS:
        return [buttons.end_incident(incident_id, label)]
    if request.plan.arguments.get("extends"):
        return []
    return [buttons.again(request.id, label)] if request.line else []


def may_ask_again(request: Request, catalogue: CommandCatalogue) -> bool:
    """Return True if the card of a request has the button `again`. The end of an incident has another one."""
    return any(one["action_id"] == buttons.AGAIN for one in card_buttons(request, catalogue, None))


def freeze_first(request: Request, catalogue: CommandCatalogue) -> list[Element]:
    offered = catalogue.offers_freeze(request.command)
    return [buttons.freeze_first(request.id)] if offered else []


def _review_button(request: Request, review: Review | None) -> list[Element]:
    owed = request.mode is Mode.BREAK_GLASS and (review is None or review.reviewed_at is None)
    acted = request.state not in (State.PENDING, State.CANCELLED, State.EXPIRED, State.STALE, State.DENIED)
    return [buttons.review(request.id)] if owed and acted else []

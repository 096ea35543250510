"""What a press or form had already done when a crash interrupted it."""

from typing import Final

from bot.blocks import forms
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.seen_times import UNDONE_BY
from bot.pipeline.environment import Environment

VOTES: Final = frozenset({"approval.approve", "approval.type_name", "approval.deny", "approval.deny_reason"})
WITHDRAWALS: Final = frozenset({"approval.withdraw", "request.dismiss"})
CONFIRMATIONS: Final = frozenset({"request.confirm", "request.type_name"})
UNCONFIRMED: Final = frozenset({State.PENDING, State.EXPIRED, State.CANCELLED, State.STALE})
"""States that a request can also have without its requester's confirmation."""
REVEAL: Final = "token.reveal"
UNDO: Final = "quarantine.undo"
ABOUT_REQUESTS: Final = VOTES | WITHDRAWALS | CONFIRMATIONS | {REVEAL, UNDO}


async def done_before(env: Environment, incoming: Incoming) -> str:
    """Return a sentence about what a press or form had committed before the crash.

    Empty if it had committed nothing, or opens a request of its own: that closes the intent in the same transaction.
    """
    if incoming.action_id not in ABOUT_REQUESTS:
        return ""
    request = await env.store.requests.get(forms.unpack_metadata(incoming.value)[0])
    return _done(request, incoming) if request is not None else ""


def _done(request: Request, incoming: Incoming) -> str:
    user, pressed = incoming.user_id, incoming.action_id
    if pressed in VOTES and any(vote.user_id == user for vote in request.votes):
        return "Your decision was recorded."
    if pressed == REVEAL and request.facts.get("press") == incoming.id:
        return request.outcome or "A token may have been created."
    if pressed == UNDO and request.facts.get(UNDONE_BY) == user and request.state in (State.EXECUTING, State.RESTORED):
        return "Undo has started."
    if request.requester != user:
        return ""
    if pressed in WITHDRAWALS and request.state is State.CANCELLED:
        return "Your request was withdrawn."
    if pressed in CONFIRMATIONS and request.mode is Mode.DIRECT and request.state not in UNCONFIRMED:
        return "Your confirmation was recorded."
    return ""

"""When each phase of a request was verified as done. `updated_at` also changes for other reasons later."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.core.requests.request import COUNTDOWN_OVER, Request, State
from bot.core.requests.step_results import PhaseKind

UNDONE_BY: Final = "undone_by"
"""Key in the facts: who started the last undo, with the button or with `db restore`."""


def seen_fact(kind: PhaseKind, at: datetime) -> Mapping[str, Any]:
    """Return the entry for `Request.facts` that records when a phase was verified as done."""
    return {_key(kind): at.isoformat()}


def seen_at(request: Request, kind: PhaseKind) -> datetime | None:
    """Return when a phase was verified as done. None if it wasn't, or if an older version didn't record it."""
    raw = request.facts.get(_key(kind))
    return datetime.fromisoformat(raw) if raw else None


def changed_at(request: Request) -> datetime | None:
    """Return when the change that led to a request's state was verified as done.

    If that isn't recorded, for example because nothing was changed, return when the request was last updated.
    """
    match request.state:
        case State.RESTORED:
            seen = seen_at(request, PhaseKind.UNDO)
        case State.SUCCEEDED:
            seen = seen_at(request, PhaseKind(request.facts.get("phase", PhaseKind.EXECUTE)))
        case State.QUARANTINED if COUNTDOWN_OVER not in request.facts:
            seen = seen_at(request, PhaseKind.EXECUTE)
        case _:
            seen = None
    return seen or request.updated_at


def _key(kind: PhaseKind) -> str:
    return f"{kind.value}_seen_at"

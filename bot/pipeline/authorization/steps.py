"""The steps of a request that are authorized, and the kinds of refusals."""

from enum import Enum, StrEnum, auto

from bot.core.model import Decision


class Step(StrEnum):
    """A step of a request or of its follow-up, which is authorized with current facts."""

    VOTE = "vote"
    DENY = "deny"
    CONFIRM = "confirm"
    REMIND = "remind"
    REVEAL = "reveal"
    START = "start"
    COUNTDOWN_END = "countdown_end"
    UNDO = "undo"
    REVIEW = "review"
    FOLLOW_UP = "follow_up"
    """A button for an open item of a request or an incident, such as a freeze or a token."""


class RefusalKind(Enum):
    """Why a step is refused."""

    NOT_ALLOWED = auto()
    """A person isn't allowed to take the step, or no longer is."""
    CHANGED = auto()
    """The database is no longer as planned."""
    UNKNOWN = auto()
    """Slack, Turso or an on-call service didn't respond, so the step can be tried again."""


class StepRefused(Exception):
    """Raised by the checks if a step is refused. `authorize` converts it to an Authorization."""

    def __init__(self, kind: RefusalKind, why: str, decision: Decision | None = None) -> None:
        self.kind, self.why, self.decision = kind, why, decision
        super().__init__(why)

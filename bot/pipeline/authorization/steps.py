"""The steps of a request that are authorized again, and the kinds of refusals."""

from enum import Enum, StrEnum, auto

from bot.core.model import Decision


class Step(StrEnum):
    """A step that can't be undone, so it is authorized again."""

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
    """A button about something that a request or an incident left open: a freeze or a token."""


class RefusalKind(Enum):
    """Why a step is refused."""

    NOT_ALLOWED = auto()
    """A person isn't allowed to, or no longer is."""
    CHANGED = auto()
    """The database is no longer the one in the plan."""
    UNKNOWN = auto()
    """Slack or Turso didn't respond, so it can be tried again."""


class StepRefused(Exception):
    """Raised inside the checks when a step is refused. `authorize` turns it into an Authorization."""

    def __init__(self, kind: RefusalKind, why: str, decision: Decision | None = None) -> None:
        self.kind, self.why, self.decision = kind, why, decision
        super().__init__(why)

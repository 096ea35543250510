"""Errors whose text may be shown to people: `str(error)` is one or a few sentences."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remedy:
    """A command that removes the cause of an error. People who may run or request it get it as a button."""

    label: str
    line: str


class BotError(Exception):
    """Base class of errors whose text people may read, in Slack or on the command line."""

    @property
    def cause(self) -> str:
        """Return the message for operators and the log."""
        return str(self)


class Refused(BotError):
    """Raised when an action is denied, by the policy or because it isn't possible any more. The message says why."""


class BadInput(BotError):
    """Raised when what somebody typed, pressed or filled in can't be used. Nothing was changed."""

    def __init__(self, sentence: str, *, remedy: Remedy | None = None) -> None:
        self.remedy = remedy
        super().__init__(sentence)


class NotOurs(BotError):
    """Raised when a read-back finds something that somebody else made, so that this change didn't happen.

    The message says what shows that.
    """


class OwnerUnknown(BotError):
    """Raised when a read-back finds something that this request or another one may have made.

    Nothing shows which request made it, so the outcome stays unknown.
    """


class Unavailable(BotError):
    """Raised if a service that is needed, such as Turso or Slack, gave no usable response. The person can try again.

    `nothing_happened` is True when the call is known to have had no effect. After a timeout it may have had one.
    `detail` is a sentence with the cause for operators, which people in Slack don't see. It is empty if there is none.
    """

    def __init__(self, sentence: str, *, nothing_happened: bool = False, detail: str = "") -> None:
        self.nothing_happened = nothing_happened
        self.detail = detail
        super().__init__(sentence)

    @property
    def cause(self) -> str:
        """Return the message for operators and the log."""
        return self.detail or str(self)


class NotRecorded(Unavailable):
    """Raised when the store couldn't save a command, click or form in time. It will never be stored or executed."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "This couldn't be saved, because the bot's own database isn't responding. Nothing was done. "
            "Try again in a moment.",
            nothing_happened=True,
            detail=detail,
        )

    @classmethod
    def after(cls, seconds: float) -> "NotRecorded":
        """Return the error for a store that didn't respond within `seconds`."""
        return cls(f"The store didn't respond within {seconds:.2g} seconds.")


class CannotPost(BotError):
    """Raised when Slack refuses a message, and would refuse it again. `code` is Slack's error code."""

    def __init__(self, sentence: str, code: str) -> None:
        self.code = code
        super().__init__(sentence)


class ReviewOwed(Refused):
    """Raised when somebody uses break-glass while one of their earlier uses still needs a review."""

    def __init__(self) -> None:
        super().__init__(
            "Your earlier break-glass operation still needs a review. "
            "You can't use break-glass access again until it is reviewed."
        )

"""Errors that people see: `str(error)` is one sentence we are glad to show. Anything else is a bug."""


class BotError(Exception):
    """The root of every error that a person may read. `pipeline` is the one place that catches it."""


class Refused(BotError):
    """The rules say no. The sentence names the rule and what to do now."""


class BadInput(BotError):
    """What was typed, pressed or filled in cannot be used; nothing was changed."""


class NotOurs(BotError):
    """What is there was made by somebody else, and what was asked for did not happen. The sentence says how we know."""


class Unavailable(BotError):
    """Something that we need did not answer in time: try again.

    `nothing_happened` is True when it is known that the call had no effect; after a timeout it may have had one.
    """

    def __init__(self, sentence: str, *, nothing_happened: bool = False) -> None:
        self.nothing_happened = nothing_happened
        super().__init__(sentence)


class CannotPost(BotError):
    """Slack will not take this message in this place, now or later. `code` is Slack's own word for why."""

    def __init__(self, sentence: str, code: str) -> None:
        self.code = code
        super().__init__(sentence)


class ReviewOwed(Refused):
    """Somebody may not break the glass again before an earlier act of theirs has been reviewed."""

    def __init__(self) -> None:
        super().__init__(
            "Your earlier break-glass operation still needs a review. You can't use break-glass again until then."
        )

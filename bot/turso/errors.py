"""Errors of calls to Turso, as a hierarchy under `BotError`. None of them ever contains the API token."""

from dataclasses import dataclass

from bot.errors import BotError, Unavailable


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """The content of an error response, without secrets."""

    status: int | None = None
    code: str | None = None
    message: str | None = None
    retry_after: float | None = None


class TursoError(BotError):
    """Base class of Turso errors: Turso refused the call, wasn't reached or made only a part, or the result is unknown.

    Attributes:
        status: the HTTP status, or None without a response.
        code: Turso's machine-readable code, or None.
        message: the text of the response's `error` or `message` field, on one line and shortened.
        retry_after: how many seconds Turso asked us to wait, or None.
        answer: these four together.
        name: the database or group that the error is about. None for errors about neither.
    """

    def __init__(self, sentence: str, answer: ErrorAnswer | None = None, *, name: str | None = None) -> None:
        super().__init__(sentence)
        self.answer = answer = answer or ErrorAnswer()
        self.status = answer.status
        self.code = answer.code
        self.message = answer.message
        self.retry_after = answer.retry_after
        self.name = name


class TursoRejected(TursoError):
    """Raised on a 4xx other than 408 or a 404 from another server: Turso refused, and nothing was changed."""


class TursoUnauthorized(TursoRejected):
    """Raised on a 401: the API token is missing, malformed, expired or revoked."""


class TursoForbidden(TursoRejected):
    """Raised on a 403: the API token lacks the permission, or belongs to another organization."""


class PlanLacksFeature(TursoRejected):
    """Raised on a 402: the organization's plan lacks the feature, or there is no active subscription."""


class OrganizationNotFound(TursoRejected):
    """Raised on a 404 for the organization itself: the setting is wrong."""


class DatabaseNotFound(TursoRejected):
    """Raised when there is no such logical database. Keeps `name`, so that a message can suggest close matches."""

    name: str

    def __init__(self, name: str, answer: ErrorAnswer | None = None) -> None:
        super().__init__(f"There is no database `{name}` in this organization.", answer, name=name)


class GroupNotFound(TursoRejected):
    """Raised when there is no such group, also when a database is to be created in it."""

    name: str

    def __init__(self, name: str, answer: ErrorAnswer | None = None) -> None:
        super().__init__(f"There is no group `{name}` in this organization.", answer, name=name)


class AlreadyExists(TursoRejected):
    """Raised when the name of a new database is taken: on a 409 or 422, or another refusal whose text says so."""


class DestroyProtected(TursoRejected):
    """Raised when delete protection of the database or of its group prevents its destruction."""


class PartlyDone(TursoError):
    """Raised when Turso made only the first of several calls of a change. The message says what is missing."""


class TursoRateLimited(TursoRejected, Unavailable):
    """Raised on a 429: too many calls. Nothing was changed. `retry_after` is the wait that Turso asked for."""


class TursoUnavailable(TursoError, Unavailable):
    """Raised without a response in time, on a 408 or a status outside 2xx and 4xx, and for an unusable response.

    Such a response can't be read, isn't Turso's, or lacks what is needed. Reads can be retried.
    """


class NotSent(TursoUnavailable):
    """Raised when no connection could be made for a change, so that nothing was sent or changed."""


class OutcomeUnknown(TursoUnavailable):
    """Raised when a change was sent but not confirmed, so that it may have happened. Read back. Never send it again."""

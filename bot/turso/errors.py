"""What can go wrong at Turso, as a tree under `BotError`; no error here ever holds the API token."""

from dataclasses import dataclass

from bot.errors import BotError, Unavailable


@dataclass(frozen=True, slots=True)
class Answered:
    """What Turso said when it did not do what was asked: all of it, without any secret."""

    status: int | None = None
    code: str | None = None
    said: str | None = None
    retry_after: float | None = None


class TursoError(BotError):
    """Turso did not do what was asked, or nobody knows whether it did.

    Attributes:
        status: the HTTP status, None when no answer came.
        code: Turso's machine code beside the sentence, where it sends one.
        said: the sentence of Turso's `error` field.
        retry_after: the seconds that Turso asked to wait.
        answered: these four in one piece.
        name: the database or group that was meant, where there is one.
    """

    def __init__(self, sentence: str, answered: Answered | None = None, *, name: str | None = None) -> None:
        super().__init__(sentence)
        self.answered = answered = answered or Answered()
        self.status = answered.status
        self.code = answered.code
        self.said = answered.said
        self.retry_after = answered.retry_after
        self.name = name


class TursoRejected(TursoError):
    """4xx: Turso refused, and nothing was changed."""


class TursoUnauthorized(TursoRejected):
    """401: the API token is missing, malformed, expired or revoked."""


class TursoForbidden(TursoRejected):
    """403: the API token may not do this, or is of another organization."""


class PlanLacksFeature(TursoRejected):
    """402: the organization's plan has no such feature, or there is no active subscription."""


class OrganizationNotFound(TursoRejected):
    """404 for the organization itself: the setting is wrong."""


class DatabaseNotFound(TursoRejected):
    """404 for a logical database. Keeps `name`, so that a message can offer close matches."""

    name: str

    def __init__(self, name: str, answered: Answered | None = None) -> None:
        super().__init__(f"There is no database `{name}` in this organization.", answered, name=name)


class GroupNotFound(TursoRejected):
    """404 for a group, or 400 for a database that was to be created in it."""

    name: str

    def __init__(self, name: str, answered: Answered | None = None) -> None:
        super().__init__(f"There is no group `{name}` in this organization.", answered, name=name)


class AlreadyExists(TursoRejected):
    """The name is taken: 409, 422, or any refusal that says so."""


class DestroyProtected(TursoRejected):
    """Delete protection of the database or of its group kept it from being destroyed."""


class PartlyDone(TursoError):
    """A change of several calls of which Turso made only the first ones. The sentence says what is missing."""


class TursoRateLimited(TursoRejected, Unavailable):
    """429: too many calls. `retry_after` holds what Turso asked for; nothing was changed."""


class TursoUnavailable(TursoError, Unavailable):
    """No answer in time, 5xx, or an answer that cannot be read. A reading call can be made again."""


class NotSent(TursoUnavailable):
    """A change that never left: no connection could be made, so nothing was changed."""


class OutcomeUnknown(TursoUnavailable):
    """A change that was sent and not answered: it may have happened. Read back; never just send again."""

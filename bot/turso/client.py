"""The typed client of the Turso Platform API: one method for each endpoint."""

from bot.turso.database_changes import DatabaseChanges
from bot.turso.databases import DatabaseEndpoints
from bot.turso.readiness import ReadinessProbe
from bot.turso.usage import UsageEndpoints


class TursoReader(DatabaseEndpoints, UsageEndpoints, ReadinessProbe):
    """The part of the client that changes nothing: what commands get that only read."""


class TursoClient(DatabaseChanges, TursoReader):
    """The databases, groups and usage of one organization.

    `http.connect()` makes one for the life of the process. It does no I/O of its own: `reader` serves every GET,
    which is tried again when that may help; `writer` sends every change, once.
    """

"""The typed client of the Turso Platform API: one method for each endpoint."""

from bot.turso.databases import DatabaseEndpoints
from bot.turso.readiness import ReadinessProbe
from bot.turso.usage import UsageEndpoints


class TursoClient(DatabaseEndpoints, UsageEndpoints, ReadinessProbe):
    """The databases, groups and usage of one organization.

    `http.connect()` makes one for the life of the process. It does no I/O of its own: `reader` serves every GET,
    which is tried again when that may help; `writer` sends every change, once.
    """

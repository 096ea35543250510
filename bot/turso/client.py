"""The typed client of the Turso Platform API, with methods for the endpoints that the bot uses."""

from bot.turso.data_reading import DataReading
from bot.turso.database_changes import DatabaseChanges
from bot.turso.databases import DatabaseEndpoints
from bot.turso.group_changes import GroupChanges
from bot.turso.organization_changes import OrganizationChanges
from bot.turso.readiness import ReadinessProbe
from bot.turso.usage import UsageEndpoints


class TursoReader(DatabaseEndpoints, UsageEndpoints, ReadinessProbe, DataReading):
    """The methods that change nothing. Commands that only read see the client as this type."""


class TursoClient(DatabaseChanges, GroupChanges, OrganizationChanges, TursoReader):
    """Client for the databases, groups and usage of one organization.

    `http.connect()` creates one. `reader` sends every GET, with retries. `writer` sends every change and every request
    to a database, without retries.
    """

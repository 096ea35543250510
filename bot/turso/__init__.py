"""The client of the Turso Platform API.

`http.connect()` yields a typed `client.TursoClient`. The errors are in `errors`.
"""

from bot.turso.calls import noting_changes
from bot.turso.client import TursoClient, TursoReader
from bot.turso.errors import (
    AlreadyExists,
    DatabaseNotFound,
    DestroyProtected,
    GroupNotFound,
    NotSent,
    OutcomeUnknown,
    TursoError,
    TursoRejected,
    TursoUnavailable,
)
from bot.turso.models import Database, Listed
from bot.turso.tolerance import first_known

__all__ = [
    "AlreadyExists",
    "Database",
    "DatabaseNotFound",
    "DestroyProtected",
    "GroupNotFound",
    "Listed",
    "NotSent",
    "OutcomeUnknown",
    "TursoClient",
    "TursoError",
    "TursoReader",
    "TursoRejected",
    "TursoUnavailable",
    "first_known",
    "noting_changes",
]

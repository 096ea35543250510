"""Holds: the reasons why databases are blocked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""By how much the clocks of two processes may differ. Each sets the times of the holds that it places and releases."""


class HoldKind(StrEnum):
    """Why a database is blocked."""

    FREEZE = "freeze"
    QUARANTINE = "quarantine"
    FOUND = "found"
    """The database was already blocked before the bot's change. The bot never removes such a block by itself."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason why reads or writes of a database are blocked."""

    id: str
    kind: HoldKind
    organization: str
    database: str
    database_id: str
    block_reads: bool
    block_writes: bool
    request_id: str
    channel_id: str
    placed_at: datetime
    due_at: datetime | None = None
    released_at: datetime | None = None

"""Tables about background work: timers, running processes, and a row that is written to test the store."""

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table, Text

from bot.core.records.timers import TimerKind
from bot.store.schema.column_types import EnumText, SafeText, UtcDateTime
from bot.store.schema.tables.shared import metadata

timers = Table(
    "timers",
    metadata,
    Column("kind", EnumText(TimerKind), nullable=False),
    Column("subject", Text, nullable=False),
    Column("due_at", UtcDateTime, nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("cause", SafeText, nullable=False, server_default=""),
    Column("held_until", UtcDateTime),
    PrimaryKeyConstraint("kind", "subject"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
)

processes = Table(
    "processes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("policy", Text, nullable=False),
    Column("failing", SafeText, nullable=False, server_default=""),
    Column("seen_at", UtcDateTime, nullable=False),
)

"""The table of incidents."""

from sqlalchemy import Column, Index, Table, Text

from bot.store.schema.column_types import SafeText, UtcDateTime
from bot.store.schema.tables.shared import metadata

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", SafeText, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("organization", SafeText, nullable=False),
    Column("profile", SafeText, nullable=False),
    Column("started_by", SafeText, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_by", SafeText, nullable=False),
    Column("timeline_ts", SafeText),
)
_running = incidents.c.ended_at.is_(None)
Index("incidents_running", incidents.c.channel_id, unique=True, sqlite_where=_running, postgresql_where=_running)

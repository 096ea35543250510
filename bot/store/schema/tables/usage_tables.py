"""Tables of usage: samples of databases, and hourly readings for alerts."""

from sqlalchemy import BigInteger, Boolean, Column, Index, PrimaryKeyConstraint, Table, Text

from bot.store.schema.column_types import Json, SafeText, UtcDateTime
from bot.store.schema.tables.shared import metadata

samples = Table(
    "samples",
    metadata,
    Column("organization", SafeText, nullable=False),
    Column("database", SafeText, nullable=False),
    Column("database_id", SafeText, nullable=False),
    Column("day", Text, nullable=False),
    Column("rows_read", BigInteger, nullable=True),
    Column("rows_written", BigInteger, nullable=True),
    Column("storage_bytes", BigInteger, nullable=True),
    Column("bytes_synced", BigInteger, nullable=True),
    PrimaryKeyConstraint("organization", "day", "database_id"),
)

usage_readings = Table(
    "usage_readings",
    metadata,
    Column("organization", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("rows_read", BigInteger, nullable=True),
    Column("rows_written", BigInteger, nullable=True),
    Column("storage_bytes", BigInteger, nullable=True),
    Column("bytes_synced", BigInteger, nullable=True),
    Column("is_complete", Boolean, nullable=False),
    Column("limits", Json),
    PrimaryKeyConstraint("organization", "at"),
)

usage_growth = Table(
    "usage_growth",
    metadata,
    Column("organization", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("database_id", SafeText, nullable=False),
    Column("rows_read", BigInteger, nullable=True),
    Column("rows_written", BigInteger, nullable=True),
    Column("bytes_synced", BigInteger, nullable=True),
    PrimaryKeyConstraint("organization", "database_id", "at"),
)
Index("usage_growth_at", usage_growth.c.organization, usage_growth.c.at)

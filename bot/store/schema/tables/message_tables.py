"""Tables about messages: cards, live cards, notices of outcomes, and digests."""

from sqlalchemy import Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from bot.store.schema.column_types import SafeText, UtcDateTime
from bot.store.schema.tables.shared import metadata

cards = Table(
    "cards",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("channel_id", Text, primary_key=True),
    Column("ts", Text, primary_key=True),
)

outcome_notices = Table(
    "outcome_notices",
    metadata,
    Column("subject", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("owed_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),
    Column("how", Text, nullable=False),
    PrimaryKeyConstraint("subject", "event", "person"),
    comment="Who was notified of an outcome, when and how. An empty person stands for everybody concerned.",
)
_pending_notice = outcome_notices.c.told_at.is_(None)
Index("outcome_notices_owed", outcome_notices.c.owed_at, sqlite_where=_pending_notice, postgresql_where=_pending_notice)

live_cards = Table(
    "live_cards",
    metadata,
    Column("organization", SafeText, nullable=False),
    Column("database", SafeText, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("ts", Text, nullable=False),
    Column("line", SafeText, nullable=False),
    Column("user_id", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("organization", "database", "channel_id"),
)

digests = Table(
    "digests",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("organization", SafeText, nullable=False),
    Column("cadence", Text, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("tz", SafeText, nullable=False),
    Column("by", SafeText, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("last_period", Text, nullable=False),
)

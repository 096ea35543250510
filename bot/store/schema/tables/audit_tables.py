"""Tables of the audit log: its entries, an index by database, and the state of the audit streams."""

from sqlalchemy import BigInteger, Column, Computed, Index, PrimaryKeyConstraint, Table, Text

from bot.store.schema.column_types import EntryField, SafeText, UtcDateTime
from bot.store.schema.tables.shared import BYTEWISE, COUNTER, metadata

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", COUNTER, primary_key=True, autoincrement=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("entry", Text, nullable=False),
    # The database computes these from the entry, so that they can't differ from the hashed text.
    Column("at", BYTEWISE, Computed(EntryField("at"), persisted=True)),
    Column("user_id", Text, Computed(EntryField("user_id"), persisted=True)),
    Column("channel_id", Text, Computed(EntryField("channel_id"), persisted=True)),
)
Index("log_at", audit_log.c.at, audit_log.c.seq)
Index("log_user", audit_log.c.user_id, audit_log.c.seq)
Index("log_channel", audit_log.c.channel_id, audit_log.c.seq)

touched = Table(
    "touched",
    metadata,
    Column("database", Text, nullable=False),
    Column("seq", COUNTER, nullable=False),
    PrimaryKeyConstraint("database", "seq"),
    Index("touched_by", "seq", "database"),
    comment="The databases that each audit entry names, for searches. The entry itself is authoritative.",
)

log_streams = Table(
    "log_streams",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("owned_until", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime),
    Column("fault", SafeText, nullable=False),
    comment="The last entry of the audit log that each receiver has, and the process that sends to it.",
)

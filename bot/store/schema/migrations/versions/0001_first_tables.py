"""Create the first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.schema.column_types import EntryField

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "audit_log",
        sa.Column("seq", COUNTER, autoincrement=False, nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("at", BYTEWISE, sa.Computed(EntryField("at"), persisted=True)),
        sa.Column("user_id", sa.Text(), sa.Computed(EntryField("user_id"), persisted=True)),
        sa.Column("channel_id", sa.Text(), sa.Computed(EntryField("channel_id"), persisted=True)),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("log_at", "audit_log", ["at", "seq"])
    op.create_index("log_channel", "audit_log", ["channel_id", "seq"])
    op.create_index("log_user", "audit_log", ["user_id", "seq"])
    op.create_table(
        "cards",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "channel_id", "ts"),
    )
    op.create_table(
        "digests",
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("cadence", sa.Text(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("tz", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_period", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id"),
    )
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("database", sa.Text(), nullable=False),
        sa.Column("database_id", sa.Text(), nullable=False),
        sa.Column("block_reads", sa.Boolean(), nullable=False),
        sa.Column("block_writes", sa.Boolean(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("holds_placed", "holds", ["organization", "database_id"], **where("released_at IS NULL"))
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("timeline_ts", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incidents_running", "incidents", ["channel_id"], unique=True, **where("ended_at IS NULL"))
    op.create_table(
        "intents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("user_team_id", sa.Text()),
        sa.Column("thread_ts", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("message_ts", sa.Text()),
        sa.Column("view_id", sa.Text()),
        sa.Column("is_ephemeral", sa.Boolean(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name="intents_key_key"),
    )
    op.create_index("intents_at", "intents", ["at"])
    op.create_index("intents_open", "intents", ["at"], **where("is_open"))
    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("deed_hash", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text()),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("asker_team", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("confirm", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("notify", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("countdown", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("card_ts", sa.Text()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("incident_id", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("requests_asker", "requests", ["asker", "state", "created_at"])
    op.create_index("requests_channel", "requests", ["channel_id", "state", "created_at"])
    op.create_index("requests_intent", "requests", ["intent_id"], unique=True, **where("intent_id != ''"))
    op.create_index("requests_once", "requests", ["asker", "deed_hash"], unique=True, **where("state = 'pending'"))
    op.create_index("requests_state", "requests", ["state", "created_at"])
    op.create_index("requests_updated_at", "requests", ["updated_at"])
    op.create_table(
        "reviews",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewers", sa.Text(), nullable=False),
        sa.Column("notify", sa.Text(), nullable=False),
        sa.Column("justified", sa.Boolean()),
        sa.Column("reviewed_by", sa.Text(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True)),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reviews_actor", "reviews", ["actor"])
    op.create_index("reviews_owed", "reviews", ["due_at"], **where("reviewed_at IS NULL"))
    op.create_table(
        "samples",
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("database", sa.Text(), nullable=False),
        sa.Column("database_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_written", sa.BigInteger(), nullable=False),
        sa.Column("storage_bytes", sa.BigInteger(), nullable=False),
        sa.Column("bytes_synced", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization", "day", "database_id"),
    )
    op.create_table(
        "sent",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "phase"),
    )
    op.create_table(
        "timers",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject"),
    )
    op.create_index("timers_due_at", "timers", ["due_at"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("database", sa.Text(), nullable=False),
        sa.Column("database_id", sa.Text(), nullable=False),
        sa.Column("group", sa.Text()),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("minted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("tokens_database", "tokens", ["database_id", "minted_at"])
    op.create_index("tokens_expiry", "tokens", ["organization", "expires_at"])
    op.create_index("tokens_holder", "tokens", ["holder", "minted_at"])
    op.create_index("tokens_newest", "tokens", ["organization", "minted_at"])
    op.create_table(
        "touched",
        sa.Column("database", sa.Text(), nullable=False),
        sa.Column("seq", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("database", "seq"),
        comment="The databases that each audit entry names, for searches. The entry itself is authoritative.",
    )
    op.create_index("touched_by", "touched", ["seq", "database"])
    op.create_table(
        "votes",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("approves", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "user_id"),
    )


def where(condition: str) -> dict[str, Any]:
    """Return the arguments of an index that contains only the rows that match a condition."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}

"""The tables, one per kind of record. Columns have the names of its fields."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from bot.core.alerts import AlertEnd, AlertKind, Contributor, Figure, Measure
from bot.core.model import Confirm, Visibility
from bot.core.records.branches import BranchState
from bot.core.records.holds import HoldKind
from bot.core.records.timers import TimerKind
from bot.core.records.tokens import TokenState
from bot.core.requests.incoming import Kind
from bot.core.requests.request import Mode, State
from bot.store.schema.column_types import (
    EntryField,
    EnumText,
    Json,
    Numbers,
    PlanText,
    SafeText,
    Seconds,
    Strings,
    Tuples,
    UtcDateTime,
)

metadata = MetaData(
    naming_convention={"ix": "%(table_name)s_%(column_0_N_name)s", "uq": "%(table_name)s_%(column_0_N_name)s_key"}
)

COUNTER = BigInteger().with_variant(Integer, "sqlite")
BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")


intents = Table(
    "intents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", EnumText(Kind), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("user_id", SafeText, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("user_team_id", SafeText),
    Column("thread_ts", SafeText),
    Column("text", SafeText, nullable=False),
    Column("action_id", SafeText, nullable=False),
    Column("value", SafeText, nullable=False),
    Column("values", Json, nullable=False),
    Column("message_ts", SafeText),
    Column("view_id", SafeText),
    Column("is_ephemeral", Boolean, nullable=False),
    Column("is_open", Boolean, nullable=False),
)
_open = text("is_open")
Index("intents_open", intents.c.at, sqlite_where=_open, postgresql_where=_open)

requests = Table(
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("intent_id", Text, nullable=False),
    Column("mode", EnumText(Mode), nullable=False),
    Column("state", EnumText(State), nullable=False),
    Column("command", SafeText, nullable=False),
    Column("line", SafeText, nullable=False),
    Column("plan", PlanText, nullable=False),
    Column("operation_hash", Text, nullable=False),
    Column("organization", SafeText, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("thread_ts", SafeText),
    Column("requester", SafeText, nullable=False),
    Column("requester_team", SafeText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("reason", SafeText, nullable=False),
    Column("ticket", SafeText, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("rule", SafeText, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("confirm", EnumText(Confirm), nullable=False),
    Column("visibility", EnumText(Visibility), nullable=False),
    Column("notify", Strings, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("countdown", Seconds, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("card_ts", SafeText),
    Column("outcome", SafeText, nullable=False),
    Column("facts", Json, nullable=False),
    Column("updated_at", UtcDateTime, index=True),
    Column("due_at", UtcDateTime),
    Column("incident_id", Text),
    Column("reminded_at", UtcDateTime),
    Column("trace", Text, nullable=False, server_default=""),
)
_pending = requests.c.state == text("'pending'")
Index(
    "requests_once",
    requests.c.requester,
    requests.c.operation_hash,
    unique=True,
    sqlite_where=_pending,
    postgresql_where=_pending,
)
_of_an_intent = requests.c.intent_id != text("''")
Index("requests_intent", requests.c.intent_id, unique=True, sqlite_where=_of_an_intent, postgresql_where=_of_an_intent)
Index("requests_state", requests.c.state, requests.c.created_at)
Index("requests_channel", requests.c.channel_id, requests.c.state, requests.c.created_at)
Index("requests_requester", requests.c.requester, requests.c.state, requests.c.created_at)

votes = Table(
    "votes",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("approves", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("comment", SafeText, nullable=False),
    Column("on_behalf_of", Text, nullable=False, server_default=""),
    Column("schedules", Text, nullable=False, server_default=""),
)

delegations = Table(
    "delegations",
    metadata,
    Column("person", Text, primary_key=True),
    Column("delegate", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

sent = Table(
    "sent",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("phase", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("request_id", Text, nullable=False, index=True),
    comment="Which request decides on the result of another one: the subject. There is at most one.",
)

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
    comment="Who was told how something ended, when and how; an empty person stands for everybody concerned.",
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

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("organization", SafeText, nullable=False),
    Column("database", SafeText, nullable=False),
    Column("database_id", SafeText, nullable=False),
    Column("group", SafeText),
    Column("read_only", Boolean, nullable=False),
    Column("holder", SafeText, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("minted_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("fingerprint", Text, nullable=False),
    Column("state", EnumText(TokenState), nullable=False),
)
Index("tokens_newest", tokens.c.organization, tokens.c.minted_at)
Index("tokens_database", tokens.c.database_id, tokens.c.minted_at)
Index("tokens_holder", tokens.c.holder, tokens.c.minted_at)
Index("tokens_expiry", tokens.c.organization, tokens.c.expires_at)

holds = Table(
    "holds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", EnumText(HoldKind), nullable=False),
    Column("organization", SafeText, nullable=False),
    Column("database", SafeText, nullable=False),
    Column("database_id", SafeText, nullable=False),
    Column("block_reads", Boolean, nullable=False),
    Column("block_writes", Boolean, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("released_at", UtcDateTime),
)
_held = holds.c.released_at.is_(None)
Index("holds_placed", holds.c.organization, holds.c.database_id, sqlite_where=_held, postgresql_where=_held)
_open_quarantine = (holds.c.kind == text("'quarantine'")) & _held
Index(
    "holds_quarantine",
    holds.c.database_id,
    unique=True,
    sqlite_where=_open_quarantine,
    postgresql_where=_open_quarantine,
)
"""At most one open quarantine of an object, whichever process and request place it."""

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

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", COUNTER, primary_key=True, autoincrement=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("entry", Text, nullable=False),
    # The database computes these from the entry, so that they can't differ from what was hashed.
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
    comment="Which databases an entry of the log names: only to find it; what counts is the entry.",
)

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

reviews = Table(
    "reviews",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("actor", SafeText, nullable=False, index=True),
    Column("channel_id", SafeText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("reviewers", Strings, nullable=False),
    Column("notify", Strings, nullable=False),
    Column("justified", Boolean),
    Column("reviewed_by", SafeText, nullable=False),
    Column("reviewed_at", UtcDateTime),
    Column("comment", SafeText, nullable=False),
)
_owed = reviews.c.reviewed_at.is_(None)
Index("reviews_owed", reviews.c.due_at, sqlite_where=_owed, postgresql_where=_owed)

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

alert_subscriptions = Table(
    "alert_subscriptions",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("organization", SafeText, nullable=False),
    Column("quota", Numbers, nullable=False),
    Column("spike", Float),
    Column("forecast", Boolean, nullable=False),
    Column("notify", Strings, nullable=False),
    Column("author", SafeText, nullable=False),
    Column("created_at", UtcDateTime),
)

alert_mutes = Table(
    "alert_mutes",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
    Column("by", SafeText, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", SafeText, nullable=False),
    Column("kind", EnumText(AlertKind), nullable=False),
    Column("organization", SafeText, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("measure", EnumText(Measure), nullable=False),
    Column("threshold", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("measured", BigInteger, nullable=False),
    Column("compared", BigInteger),
    Column("subject", SafeText, nullable=False),
    Column("subject_id", SafeText, nullable=False),
    Column("contributors", Tuples(Contributor), nullable=False),
    Column("figures", Tuples(Figure), nullable=False),
    Column("details", Strings, nullable=False),
    Column("expected_at", UtcDateTime),
    Column("earliest_at", UtcDateTime),
    Column("latest_at", UtcDateTime),
    Column("notify", Strings, nullable=False),
    Column("card_ts", Text),
    Column("ended_at", UtcDateTime),
    Column("end", EnumText(AlertEnd)),
)
_alert_is_open = alerts.c.ended_at.is_(None)
Index("alerts_once", alerts.c.channel_id, alerts.c.key, alerts.c.period, unique=True)
Index(
    "alerts_open",
    alerts.c.channel_id,
    alerts.c.key,
    unique=True,
    sqlite_where=_alert_is_open,
    postgresql_where=_alert_is_open,
)
Index("alerts_raised", alerts.c.organization, alerts.c.raised_at)

branches = Table(
    "branches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization", SafeText, nullable=False),
    Column("database", SafeText, nullable=False),
    Column("database_id", SafeText, nullable=False),
    Column("source", SafeText, nullable=False),
    Column("source_id", SafeText, nullable=False),
    Column("owner", SafeText, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime),
    Column("state", EnumText(BranchState), nullable=False),
)
Index("branches_of", branches.c.organization, branches.c.database_id)

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

"""Tables about requests: intents, requests with their votes and sent phases, delegations, decisions and reviews."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, text

from bot.core.model import Confirm, Visibility
from bot.core.requests.incoming import Kind
from bot.core.requests.request import Mode, State
from bot.store.schema.column_types import EnumText, Json, PlanText, SafeText, Seconds, Strings, UtcDateTime
from bot.store.schema.tables.shared import metadata

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
    comment="Which request decides on the result of another request, the subject. There is at most one for each.",
)

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

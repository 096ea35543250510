"""The tables, one per kind of record. Columns have the names of the record's fields."""

from bot.store.schema.tables.alert_tables import alert_mutes, alert_subscriptions, alerts
from bot.store.schema.tables.audit_tables import audit_log, log_streams, touched
from bot.store.schema.tables.database_tables import branches, holds, tokens
from bot.store.schema.tables.incident_tables import incidents
from bot.store.schema.tables.message_tables import cards, digests, live_cards, outcome_notices
from bot.store.schema.tables.process_tables import heartbeat, processes, timers
from bot.store.schema.tables.request_tables import decisions, delegations, intents, requests, reviews, sent, votes
from bot.store.schema.tables.shared import BYTEWISE, COUNTER, metadata
from bot.store.schema.tables.usage_tables import samples, usage_growth, usage_readings

__all__ = [
    "BYTEWISE",
    "COUNTER",
    "alert_mutes",
    "alert_subscriptions",
    "alerts",
    "audit_log",
    "branches",
    "cards",
    "decisions",
    "delegations",
    "digests",
    "heartbeat",
    "holds",
    "incidents",
    "intents",
    "live_cards",
    "log_streams",
    "metadata",
    "outcome_notices",
    "processes",
    "requests",
    "reviews",
    "samples",
    "sent",
    "timers",
    "tokens",
    "touched",
    "usage_growth",
    "usage_readings",
    "votes",
]

"""Retention: old finished records are deleted in batches. Nothing in the audit log is deleted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, delete, false, or_, select, tuple_

from bot.core.records.tokens import TokenState
from bot.core.requests.request import State
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import (
    alert_mutes,
    alerts,
    branches,
    cards,
    decisions,
    delegations,
    holds,
    incidents,
    intents,
    live_cards,
    outcome_notices,
    requests,
    reviews,
    samples,
    sent,
    timers,
    tokens,
    usage_growth,
    usage_readings,
    votes,
)

BATCH = 500
HOURS_KEPT = timedelta(days=37)
"""How long hourly usage is kept. Alerts compare an hour with those of the five weeks before."""
SAMPLES_KEPT = timedelta(days=400)
"""How long usage samples are kept: long enough to show the month a year ago."""
ALERTS_KEPT = timedelta(days=100)
"""How long ended alerts are kept: longer than a billing period, so that no alert is posted twice in it."""
OPEN = (State.PENDING, State.APPROVED, State.READY, State.EXECUTING, State.QUARANTINED)


PENDING_NOTICES = select(outcome_notices.c.subject).where(outcome_notices.c.told_at.is_(None))
DUE = select(timers.c.subject)
NEEDS: Mapping[Table, tuple[Select[Any], ...]] = {
    requests: (
        select(reviews.c.request_id).where(reviews.c.reviewed_at.is_(None)),
        select(holds.c.request_id).where(holds.c.released_at.is_(None)),
        select(branches.c.request_id).where(branches.c.ends_at.is_not(None)),
        PENDING_NOTICES,
        DUE,
    ),
    holds: (PENDING_NOTICES, DUE),
    incidents: (select(requests.c.incident_id).where(requests.c.incident_id.is_not(None)), PENDING_NOTICES, DUE),
    reviews: (PENDING_NOTICES, DUE),
}
"""For each of these tables, queries of the IDs of rows that are still needed. Such rows are kept even if they are old.

They are needed by open items, pending notices and timers. A stored request also needs its incident.
"""

OLDEST_FIRST: Mapping[Table, tuple[Column[Any], ...]] = {
    usage_growth: (usage_growth.c.organization, usage_growth.c.at),
}
"""The columns of the index in whose order a large table's old rows are found, without reading newer ones each time."""


class Pruning(Repository):
    """Deletes old finished records."""

    async def prune(self, before: datetime) -> Mapping[str, int]:
        """Delete finished records, and any notices and live cards, from before a time.

        The audit log and the records in `NEEDS` are kept.

        Returns the number of deleted rows per table. What is deleted with a request, such as its votes, isn't counted.
        """
        gone = or_(tokens.c.state.in_([TokenState.ENDED, TokenState.REFUSED]), tokens.c.expires_at < before)
        old = (
            (intents, ~intents.c.is_open & (intents.c.at < before)),
            (requests, requests.c.state.not_in(OPEN) & (requests.c.updated_at < before)),
            (tokens, gone & (tokens.c.minted_at < before)),
            (holds, holds.c.released_at < before),
            (incidents, incidents.c.ended_at < before),
            (reviews, reviews.c.reviewed_at < before),
            (outcome_notices, outcome_notices.c.owed_at < before),
            (live_cards, live_cards.c.at < before),
            (delegations, delegations.c.until < before),
        )
        return {
            table.name: await self._delete_in_batches(table, condition & ~_is_needed(table)) for table, condition in old
        }

    async def prune_measured(self, now: datetime) -> Mapping[str, int]:
        """Delete usage, alerts and mutes that are no longer needed. Returns the number of deleted rows per table."""
        old = (
            (usage_growth, usage_growth.c.at < now - HOURS_KEPT),
            (usage_readings, usage_readings.c.at < now - HOURS_KEPT),
            (samples, samples.c.day < f"{now - SAMPLES_KEPT:%Y-%m-%d}"),
            (alerts, alerts.c.ended_at < now - ALERTS_KEPT),
            (alert_mutes, alert_mutes.c.until < now),
        )
        return {table.name: await self._delete_in_batches(table, condition) for table, condition in old}

    async def _delete_in_batches(self, table: Table, condition: ColumnElement[bool]) -> int:
        total = 0
        while True:
            deleted = await self._database.write(lambda connection: _delete_batch(connection, table, condition))
            total += deleted
            if deleted < BATCH:
                return total


def _is_needed(table: Table) -> ColumnElement[bool]:
    return or_(false(), *(table.c.id.in_(ids) for ids in NEEDS.get(table, ())))


def _delete_batch(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    """Delete up to `BATCH` rows, and return how many were deleted."""
    key = table.primary_key.columns.values()
    some = select(*key).where(condition).order_by(*OLDEST_FIRST.get(table, ())).limit(BATCH)
    if len(key) > 1:
        # A subquery, because SQLite reads the whole table for a list of composite keys.
        return connection.execute(delete(table).where(tuple_(*key).in_(some), condition)).rowcount
    keys = connection.execute(some).scalars().all()
    if not keys:
        return 0
    if table is requests:
        for part in (votes, sent, cards):
            connection.execute(delete(part).where(part.c.request_id.in_(keys)))
        connection.execute(delete(decisions).where(decisions.c.subject.in_(keys)))
    return connection.execute(delete(table).where(key[0].in_(keys), condition)).rowcount

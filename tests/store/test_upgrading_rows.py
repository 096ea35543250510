"""A store of each older version is upgraded with all its rows."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.records.notices import LiveCard
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.usage import Digest
from bot.core.requests.request import State
from bot.store.connections.urls import place_of
from bot.store.schema.tables import metadata
from bot.store.schema.upgrading import REVISIONS, require_current, upgrade
from bot.store.store import SqlStore, open_store
from tests.soak import pairs
from tests.store.conftest import NOON, StoppedClock
from tests.store.samples import branch, entry, hold, incident, incoming, move, request, review, sample, token, vote
from tests.store.test_alerts import alert
from tests.store.test_upgrading import make_old

Rows = Mapping[str, list[dict[str, Any]]]
EARLIER = {"requester": "asker", "requester_team": "asker_team", "operation_hash": "deed_hash"}
"""The names that some columns had before migration 0008, by their current names."""


async def fill(store: SqlStore) -> None:
    """Write records of most kinds to a store."""
    await store.intents.record(incoming())
    expiry = Timer(TimerKind.EXPIRE, "r-0000000001", NOON + timedelta(hours=1))
    await store.requests.open(request(), move(State.PENDING, timers=[expiry], holds=[hold()], event="asked"))
    await store.requests.vote(vote(), entry=entry("approved"))
    started = move(State.EXECUTING, reviews=[review()], branches=[branch()])
    assert await store.requests.move("r-0000000001", expect=[State.PENDING], move=started)
    assert await store.requests.mark_sent("r-0000000001", "execute", NOON)
    await store.cards.add("r-0000000001", "C0DBOPS", "1795823753.971637")
    await store.tokens.add(token())
    await store.samples.add([sample()])
    await store.alerts.raise_once(alert())
    await store.digests.schedule(Digest("C0DBOPS", "acme", "weekly", 0, "09:00", "UTC", "U0ANA", NOON))
    await store.live_cards.add(LiveCard("C0DBOPS", "1.2", "acme", "orders-eu", "show orders-eu", "U0ANA", NOON))
    until = Timer(TimerKind.INCIDENT_END, "n-1", NOON + timedelta(hours=4))
    await store.incidents.start(incident(), until, entry("incident started"))


def read(database_url: str) -> Rows:
    """Return the rows of each table of this version, without computed columns."""
    engine = sa.create_engine(place_of(database_url).url)
    with engine.connect() as connection:
        found = {
            name: [dict(row) for row in connection.execute(sa.select(*_stored(table))).mappings()]
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return found


def write_old(database_url: str, rows: Rows) -> Rows:
    """Write rows of today's tables into the tables and columns of an older store.

    Returns what was written, under today's names. Tables and columns that the older store doesn't have are left out.
    """
    engine, written = sa.create_engine(place_of(database_url).url), dict[str, list[dict[str, Any]]]()
    with engine.begin() as connection:
        for name, columns in _old_columns(connection).items():
            names = {column.name: _earlier(column.name, columns) for column in _stored(metadata.tables[name])}
            known = {now: old for now, old in names.items() if old in columns}
            table = sa.table(name, *(sa.column(old, metadata.tables[name].c[now].type) for now, old in known.items()))
            for row in rows[name]:
                connection.execute(table.insert().values({old: row[now] for now, old in known.items()}))
            written[name] = [{now: row[now] for now in known} for row in rows[name]]
    engine.dispose()
    return written


def _old_columns(connection: sa.Connection) -> dict[str, list[str]]:
    found = sa.inspect(connection)
    names = [name for name in found.get_table_names() if name in metadata.tables]
    return {name: [column["name"] for column in found.get_columns(name)] for name in names}


def _stored(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.computed is None]


def _earlier(column: str, columns: Collection[str]) -> str:
    return column if column in columns else EARLIER.get(column, column)


@pytest.mark.parametrize(
    ("revision", "empty_url"), pairs(REVISIONS[:-1], ("sqlite", "postgresql")), indirect=["empty_url"]
)
async def test_an_upgrade_from_each_older_version_keeps_all_rows(empty_url: str, tmp_path: Path, revision: str) -> None:
    now = f"sqlite:///{tmp_path}/now.db"
    await upgrade(now)
    async with open_store(now, StoppedClock()) as store:
        await fill(store)
    await asyncio.to_thread(make_old, empty_url, revision)
    written = await asyncio.to_thread(write_old, empty_url, await asyncio.to_thread(read, now))
    assert sum(map(len, written.values())) > 10

    assert await upgrade(empty_url)

    await require_current(empty_url)
    found = await asyncio.to_thread(read, empty_url)
    for name, old in written.items():
        upgraded = [{column: row[column] for column in (old[0] if old else row)} for row in found[name]]
        assert sorted(map(repr, upgraded)) == sorted(map(repr, old)), name
    async with open_store(empty_url, StoppedClock()) as store:
        kept = await store.requests.get("r-0000000001")
        assert kept is not None
        assert (kept.requester, kept.requester_team, kept.plan) == ("U0ANA", "T0ACME", request().plan)
        assert [one.user_id for one in kept.votes] == ["U0BEN"]
        assert await store.intents.get("i-0000000001")
        assert await store.holds.get("h-1")
        assert await store.timers.is_due(TimerKind.EXPIRE, "r-0000000001", NOON + timedelta(hours=1))
        assert [one.id for one in await store.tokens.find(organization="acme")] == ["t-1"]
        assert await store.incidents.get("n-1")
        assert (await store.audit.head())[0] == len(found["audit_log"]) > 0

"""SQLAlchemy: when transactions begin, their isolation, and how rows are converted."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, bindparam, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.types import TypeDecorator

from tests.postgres import postgres_server, postgresql_url

__all__ = ["postgres_server", "postgresql_url"]


class Moment(TypeDecorator[datetime]):
    """A column type that converts in both directions."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> Any:
        return value and value.isoformat()

    def process_result_value(self, value: Any, dialect: object) -> datetime | None:
        return value and datetime.fromisoformat(value)


TABLE = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("at", Moment))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Create a SQLite engine for writes as `bot.store.connections.sqlite_database` does."""
    engine = create_engine(
        f"sqlite:///{tmp_path}/x.db", connect_args={"isolation_level": None, "timeout": 0.1}, hide_parameters=True
    )

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    TABLE.metadata.create_all(engine)
    return engine


def test_the_begin_hook_starts_the_only_transaction_and_takes_the_lock(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))
        other = sqlite3.connect(tmp_path / "x.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO t VALUES (1, 'x')")
    other.execute("INSERT INTO t VALUES (1, 'x')")
    other.close()


def test_a_failed_transaction_is_rolled_back_and_hides_its_parameters(engine: Engine) -> None:
    def insert_twice() -> None:
        with engine.begin() as connection:
            for _ in range(2):
                connection.execute(text("INSERT INTO t VALUES (:id, :at)"), {"id": 1, "at": "a-secret"})

    with pytest.raises(DBAPIError) as caught:
        insert_twice()

    assert "a-secret" not in str(caught.value)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 0


def test_parameters_are_converted_by_their_bound_types_and_rows_by_the_tables_types(engine: Engine) -> None:
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    insert = text("INSERT INTO t (id, at) VALUES (:id, :at) ON CONFLICT DO NOTHING RETURNING id").bindparams(
        bindparam("id", type_=TABLE.c.id.type), bindparam("at", type_=TABLE.c.at.type)
    )
    with engine.begin() as connection:
        assert connection.execute(insert, {"id": 1, "at": at}).first() is not None
        assert connection.execute(insert, {"id": 1, "at": at}).first() is None
        row = connection.execute(TABLE.select()).first()

    assert row is not None
    assert dict(row._mapping) == {"id": 1, "at": at}


def test_a_locked_database_is_an_operational_error(engine: Engine, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError), engine.begin():
        pass
    other.close()


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ"])
async def test_the_isolation_level_applies_to_every_transaction(postgresql_url: str, level: str) -> None:
    engine = create_async_engine(postgresql_url.replace("postgresql:", "postgresql+psycopg:"), isolation_level=level)
    try:
        for _ in range(2):
            async with engine.begin() as connection:
                found = await connection.run_sync(lambda one: one.execute(text("SHOW transaction_isolation")).scalar())
                assert found == level.lower()
    finally:
        await engine.dispose()

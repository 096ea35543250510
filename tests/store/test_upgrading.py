"""Migrations of an empty database and of older stores, several at the same time, and forms of `DATABASE_URL`."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from bot.store.connections.sqlite import DRIVER
from bot.store.connections.urls import BadDatabaseUrl, place_of
from bot.store.schema import upgrading
from bot.store.schema.tables import metadata
from bot.store.schema.upgrading import NEWEST, CannotUpgrade, NotUpgraded, require_current, upgrade
from bot.store.store import open_store
from tests.store.conftest import StoppedClock
from tests.store.samples import incoming


async def test_the_migrations_make_the_tables_that_the_code_uses(empty_url: str) -> None:
    with pytest.raises(NotUpgraded):
        await require_current(empty_url)

    assert await upgrade(empty_url)
    await require_current(empty_url)
    assert not await upgrade(empty_url)

    engine = sa.create_engine(place_of(empty_url).url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours})
        assert context.get_current_revision() == NEWEST
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def make_old(empty_url: str, revision: str) -> None:
    """Run the migrations up to an older version."""
    engine = sa.create_engine(place_of(empty_url).url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(upgrading.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def _ours(name: str | None, kind: str, parents: object) -> bool:
    return kind != "table" or name in metadata.tables


async def test_a_store_of_the_first_version_is_upgraded_and_keeps_its_rows(empty_url: str) -> None:
    make_old(empty_url, "0001")
    async with open_store(empty_url, StoppedClock()) as store:
        await store.intents.record(incoming())
        with pytest.raises(NotUpgraded):
            await require_current(empty_url)

        assert await upgrade(empty_url)

        assert await store.intents.get("i-0000000001")
        assert await store.processes.policies(datetime(2026, 1, 1, tzinfo=UTC)) == {}


async def test_of_several_upgrades_at_the_same_time_one_changes_the_store(empty_url: str) -> None:
    done = await asyncio.gather(*(upgrade(empty_url) for _ in range(4)))

    assert sum(done) == 1
    await require_current(empty_url)


@pytest.mark.parametrize("content", ["version: 1\nworkspace: T0ACME\n", "x"])
async def test_a_file_of_another_kind_is_refused_and_nothing_is_left_beside_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "policy.yaml").write_text(content)

    with pytest.raises(CannotUpgrade, match=r"policy.yaml` isn't a SQLite database\. Check `DATABASE_URL`\."):
        await upgrade(f"sqlite:///{tmp_path}/policy.yaml")

    assert [one.name for one in tmp_path.iterdir()] == ["policy.yaml"]
    assert (tmp_path / "policy.yaml").read_text() == content


async def test_only_the_owner_can_read_a_new_file_and_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    await upgrade("sqlite:///./data/turso-ops.db")

    assert mode(tmp_path / "data") == 0o700
    assert mode(tmp_path / "data" / "turso-ops.db") == 0o600


async def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    before = mode(tmp_path)

    await upgrade(f"sqlite:///{tmp_path}/x.db")

    assert mode(tmp_path) == before


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_sqlite_uses_a_write_ahead_log_and_waits_for_the_disk(empty_url: str, tmp_path: Path) -> None:
    await upgrade(empty_url)
    async with open_store(empty_url, StoppedClock()) as store:
        modes = await store.database.write(
            lambda connection: [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
            ]
        )

    assert modes == ["wal", 2], "2 means FULL"
    with sqlite3.connect(tmp_path / "turso-ops.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_the_error_names_a_location_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotUpgrade, match=r"x\.db"):
        await upgrade(f"sqlite:///{tmp_path}/file/x.db")


async def test_a_store_of_a_newer_version_is_refused(empty_url: str) -> None:
    await upgrade(empty_url)
    engine = sa.create_engine(place_of(empty_url).url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(CannotUpgrade, match="newer version"):
        await upgrade(empty_url)
    with pytest.raises(CannotUpgrade, match="newer version"):
        await require_current(empty_url)


async def test_a_process_that_requires_a_current_store_does_not_upgrade_it(empty_url: str) -> None:
    await upgrade(empty_url)
    engine = sa.create_engine(place_of(empty_url).url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE alembic_version"))

    with pytest.raises(NotUpgraded, match="db upgrade"):
        await require_current(empty_url)

    assert not sa.inspect(engine).has_table("alembic_version")
    engine.dispose()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


SPELLINGS = {
    # a URL: SQLAlchemy's name of the driver that is used for it
    "sqlite:///./data/x.db": DRIVER,
    "sqlite:////var/x.db": DRIVER,
    "sqlite+aiosqlite:///x.db": DRIVER,
    "postgres://u:p@db.example/x": "postgresql+psycopg",
    "postgresql://u:p@db.example/x": "postgresql+psycopg",
    "postgresql+asyncpg://u:p@db.example/x": "postgresql+psycopg",
    "postgresql+psycopg://u:p@db.example/x?sslmode=require": "postgresql+psycopg",
}


@pytest.mark.parametrize(("spelled", "driver"), SPELLINGS.items())
def test_every_usual_spelling_of_the_url_is_accepted(spelled: str, driver: str) -> None:
    place = place_of(spelled)

    assert place.url.drivername == driver
    assert (place.file is not None) == (driver == DRIVER)
    assert place.file is None or place.file.is_absolute()


@pytest.mark.parametrize("wrong", ["", "nonsense", "mysql://u:hunter2@h/x", "sqlite://", "sqlite:///:memory:"])
def test_an_unusable_url_is_refused_without_showing_the_password(wrong: str) -> None:
    with pytest.raises(BadDatabaseUrl, match="DATABASE_URL") as refused:
        place_of(wrong)

    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None

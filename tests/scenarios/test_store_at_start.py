"""Real processes whose PostgreSQL can't be reached at the start or has few connections, or without durable work."""

import asyncio
import json
import os
import re
import signal
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.crash.waiting import poll_until
from tests.forked import shared_fork_server
from tests.http import local_client
from tests.postgres import named, postgres_server, upgraded_postgresql_url
from tests.process import Process, free_port, local_servers
from tests.scenarios import impatient
from tests.scenarios.test_settings import GIVEN
from tests.world import DANA, DB_OPS, until

__all__ = ["postgres_server", "upgraded_postgresql_url"]

FEW = 20
"""The connections that PostgreSQL allows, which are fewer than four processes open."""
SENTENCE = "PostgreSQL has no connection left for this user, database or server."


@pytest.mark.parametrize("command", ["serve", "socket", "worker"])
async def test_a_store_that_cannot_be_reached_ends_the_start_with_status_75(tmp_path: Path, command: str) -> None:
    url = f"postgresql://u:canary@127.0.0.1:{free_port()}/d"
    environment = GIVEN | {"PATH": os.environ["PATH"], "DATABASE_URL": url, "PORT": str(free_port())}
    out, err = tmp_path / "out", tmp_path / "err"
    fork = partial(shared_fork_server().fork, command, environment=environment, cwd=tmp_path, out=out, err=err,
                   module=impatient.__name__)  # fmt: skip

    child = await asyncio.to_thread(fork)

    assert await child.ended() == 75
    lines = err.read_text().splitlines()
    assert lines[-1] == "turso-ops: No PostgreSQL server listens at the host and port in DATABASE_URL."
    assert any("store.waiting" in line for line in lines)
    assert not [line for line in lines if "Traceback" in line or "canary" in line]


@pytest.mark.parametrize("command", ["serve", "socket", "worker"])
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
async def test_a_process_that_waits_for_the_store_stops_cleanly(
    tmp_path: Path, command: str, asked: signal.Signals
) -> None:
    url = f"postgresql://u:canary@127.0.0.1:{free_port()}/d"
    environment = GIVEN | {"PATH": os.environ["PATH"], "DATABASE_URL": url, "PORT": str(free_port())}
    out, err = tmp_path / "out", tmp_path / "err"
    child = await asyncio.to_thread(
        partial(shared_fork_server().fork, command, environment=environment, cwd=tmp_path, out=out, err=err)
    )
    await until(lambda: err.exists() and "store.waiting" in err.read_text(), what="a start that waits")

    child.send_signal(asked)

    assert await child.ended() == 0
    assert "Traceback" not in err.read_text()


@pytest.fixture
def limited_url(postgres_server: str, upgraded_postgresql_url: str) -> Iterator[str]:
    """Yield the URL of a store whose role is limited to few connections."""
    role, database = f"r{uuid.uuid4().hex[:12]}", upgraded_postgresql_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(upgraded_postgresql_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT {FEW}")
        admin.execute(f"ALTER DATABASE {database} OWNER TO {role}")
        for schema in ("public", "dbos"):
            admin.execute(f"ALTER SCHEMA {schema} OWNER TO {role}")
            tables = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]).fetchall()
            for (table,) in tables:
                admin.execute(f'ALTER TABLE {schema}."{table}" OWNER TO {role}')
    yield re.sub(r"//[^@/]*@", f"//{role}@", named(postgres_server, database))
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {database} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {database}")
        admin.execute(f"DROP ROLE {role}")


async def test_processes_keep_running_if_their_role_has_few_connections(limited_url: str, tmp_path: Path) -> None:
    async with local_servers(tmp_path) as (world, keys):
        first = Process(world, keys, database_url=limited_url)
        others = [replace(first, command="worker", log=tmp_path / f"log{number}") for number in range(3)]
        for process in (first, *others):
            process.log.touch()
            await process.start()
        await until(lambda: any(SENTENCE in process.log.read_text() for process in (first, *others)), what="the limit")
        for number in range(8):
            await world.workspace.say(DANA, DB_OPS, f"/turso db create limited-{number}")
        for process in others:
            assert not process.has_ended
            assert await process.stop() == 0
        await until(lambda: world.card(holding="limited-"), what="an outcome", within=60)
        assert await first.stop() == 0
        logs = "".join(process.log.read_text() for process in (first, *others))

    assert [one.failure for one in world.workspace.deliveries if one.failure] == []
    lines = [json.loads(line) for line in logs.splitlines()]  # fails if a line isn't JSON
    assert not [line for line in lines if "StoreUnavailable" in line.get("exception", "")], (
        "an outage is logged as a sentence"
    )
    assert not [line for line in lines if line["logger"] == "dbos" and "Traceback" in line["event"]]


async def test_a_process_without_durable_work_counts_the_entries_of_the_audit_log(tmp_path: Path) -> None:
    async with local_servers(tmp_path) as (world, keys):
        web = Process(world, keys, arguments=("--no-durable",))
        await web.start()
        await world.person(DANA).types("/turso show orders")

        async def counted() -> bool | None:
            """Return True once the metrics count the entry, which is written shortly after the answer."""
            async with local_client(base_url=f"http://127.0.0.1:{web.port}") as http:
                text = (await http.get("/metrics")).text
            found = re.search(r"^turso_ops_audit_entries (\d+)", text, re.MULTILINE)
            assert found is not None
            return int(found[1]) >= 1 or None

        await poll_until(counted, "the entry to be counted")
        assert await web.stop() == 0

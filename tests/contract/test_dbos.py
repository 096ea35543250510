"""DBOS: the version of its tables, enqueueing in our transactions, and stored steps and their names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy import create_engine, text

from bot.durable import engine as ours
from bot.store.connections.urls import place_of
from bot.store.schema import _dbos_schema
from tests.postgres import postgres_server, postgresql_url

__all__ = ["postgres_server", "postgresql_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the `DATABASE_URL` of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/dbos.db"
    return str(request.getfixturevalue("postgresql_url"))


def test_the_tables_of_dbos_are_current_only_once_dbos_has_migrated_them(url: str) -> None:
    place = place_of(url)
    engine = create_engine(place.url)
    try:
        assert not _dbos_schema.is_current(engine)
        DBOS.migrate(place.for_dbos)
        assert _dbos_schema.is_current(engine)
        schema = "dbos." if engine.dialect.name == "postgresql" else ""
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE {schema}dbos_migrations SET version = version - 1"))
        assert not _dbos_schema.is_current(engine)
    finally:
        engine.dispose()


def test_enqueued_work_exists_once_and_only_if_the_transaction_commits(url: str) -> None:
    place = place_of(url)
    DBOS.migrate(place.for_dbos)
    client = DBOSClient(
        system_database_url=place.for_dbos, serializer=DBOSPortableJSONSerializer(), application_name="x", lazy=True
    )
    engine = create_engine(place.url)
    try:
        with engine.begin() as connection:
            for _ in range(2):
                client.enqueue_in_transaction(connection, ours.enqueueing("work", "once"), 1)
        with engine.connect() as connection:
            client.enqueue_in_transaction(connection, ours.enqueueing("work", "rolled back"), 1)
            connection.rollback()
        found = client.list_workflows(load_input=False, load_output=False)
        assert [(one.workflow_id, one.name, one.status, one.queue_name) for one in found] == [
            ("once", "work", "ENQUEUED", ours.QUEUE)
        ]
        client.delete_workflows(["once"])
        assert client.list_workflows() == []
    finally:
        client.destroy()
        engine.dispose()


# Runs a workflow of two steps, which add their names to a log. With `dies`, the program starts the workflow and ends in
# its second step. Otherwise it waits until the workflow has succeeded, and prints the names of the stored steps.
PROGRAM = """
import asyncio, json, os, sys
from dbos import DBOS, DBOSClient
from bot.durable.engine import QUEUE, config, enqueueing

url, log, dies = sys.argv[1], sys.argv[2], sys.argv[3] == "dies"

def note(line):
    with open(log, "a") as file:
        file.write(line + chr(10))

@DBOS.workflow(name="work", max_recovery_attempts=None)
async def work(subject):
    async def first():
        note("first")
        return {"of": subject}
    async def second():
        note("second")
        if dies:
            os._exit(9)
    kept = await DBOS.run_step_async({"name": "first"}, first)
    await DBOS.run_step_async({"name": "second"}, second)
    note(json.dumps(kept))

async def main():
    DBOS(config=config(url, "executor-1"))
    DBOS.launch()
    await DBOS.register_queue_async(QUEUE, polling_interval_sec=0.1, on_conflict="always_update")
    client = DBOSClient(system_database_url=url)
    if dies:
        await client.enqueue_async(enqueueing("work", "w-1"), "shop")
    while [one.status for one in await client.list_workflows_async(workflow_ids=["w-1"])] != ["SUCCESS"]:
        await asyncio.sleep(0.05)
    print(json.dumps([one["function_name"] for one in await client.list_workflow_steps_async("w-1")]))
    os._exit(0)

asyncio.run(main())
"""


def test_a_stored_step_does_not_run_again_when_its_executor_restarts(tmp_path: Path) -> None:
    url, log = f"sqlite:///{tmp_path}/dbos.db", tmp_path / "log"
    DBOS.migrate(url)

    def run(how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", PROGRAM, url, str(log), how]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert run("dies").returncode == 9
    again = run("lives")

    assert again.returncode == 0, again.stderr
    assert log.read_text().split("\n")[:-1] == ["first", "second", "second", '{"of": "shop"}']
    assert json.loads(again.stdout.splitlines()[-1]) == ["first", "second"]

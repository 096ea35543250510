"""Collects everything that a bot has written or sent, to search it for secrets."""

import json
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, PIPE, create_subprocess_exec
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import psycopg

from bot.sandbox.workspace.records import Call
from tests.http import local_client
from tests.process import Process
from tests.security.searching import Place, place
from tests.world import World

PAGES = ("/metrics", "/readyz", "/healthz")


def files_of(folder: Path, *, but: Iterable[str] = ()) -> list[Place]:
    """Return the content of every file in a folder, also of a database's `-wal` and `-shm`.

    Args:
        but: the beginnings of paths in the folder that are skipped.
    """
    skipped = tuple(str(folder / name) for name in but)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not str(path).startswith(skipped)]
    return [place(str(path.relative_to(folder)), path.read_bytes()) for path in files]


def sqlite_tables(file: Path) -> list[Place]:
    """Return every table of a SQLite database, cell by cell."""
    with closing(sqlite3.connect(file)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return [
            place(f"table {name}", *(cell for row in database.execute(f'SELECT * FROM "{name}"') for cell in row))
            for name in names
        ]


def postgresql_tables(url: str) -> list[Place]:
    """Return every table of a PostgreSQL database, cell by cell, and what its connections are running.

    The system's own tables are left out.
    """
    tables = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
    ours = f"{tables} AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    with psycopg.connect(url) as database:
        named = [*database.execute(ours).fetchall(), ("pg_catalog", "pg_stat_activity")]
        return [
            place(f"table {schema}.{name}", *(cell for row in database.execute(_all(schema, name)) for cell in row))
            for schema, name in named
        ]


def _all(schema: str, name: str) -> psycopg.sql.Composed:
    return psycopg.sql.SQL("SELECT * FROM {}").format(psycopg.sql.Identifier(schema, name))


def is_reveal(call: Call, person_id: str) -> bool:
    """Return True if a call is a private message with a token for this person. Only its blocks may contain a token."""
    alone = call.args.get("response_type") == "ephemeral" or call.method == "chat.postEphemeral"
    return alone and call.person_id == person_id and call.args.get("text", "").startswith("Your token for ")


def slack_calls(world: World, *, revealed_to: str) -> list[Place]:
    """Return all calls to Slack, with Slack's responses, and the bot's responses to Slack's requests.

    Secrets are left out where they belong: the blocks of a reveal to `revealed_to`, the triggers of calls that open a
    view, and the ticket of a Socket Mode connection.
    """
    places = []
    for call in world.workspace.calls:
        args = {"text": call.args.get("text")} if is_reveal(call, revealed_to) else call.args
        if call.method in ("views.open", "views.push"):
            args = {key: value for key, value in args.items() if key != "trigger_id"}
        answer = {} if call.method == "apps.connections.open" else call.answer
        places.append(place(f"Slack {call.method}", json.dumps(args, ensure_ascii=False), json.dumps(answer)))
    answers = [one.answer for one in world.workspace.deliveries]
    headers = [json.dumps(one.answer_headers) for one in world.workspace.deliveries]
    return [*places, place("answers to Slack's requests", *answers, *headers)]


async def pages_of(process: Process) -> list[Place]:
    """Return the pages for operators of a running process. Only `serve` has them without `--health-port`."""
    if process.command != "serve":
        return []
    async with local_client(base_url=f"http://127.0.0.1:{process.port}") as http:
        return [place(page, (await http.get(page)).text) for page in PAGES]


def command_line_of(process: Process) -> Place:
    """Return the command line that `ps` shows."""
    return place("the command line", Path(f"/proc/{process.pid}/cmdline").read_bytes())


async def command(process: Process, *arguments: str) -> tuple[int, str]:
    """Run another command with a process's settings, and return its exit status and its output."""
    ran = await create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, env=process.environment, cwd=process.world.data,
        stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    out, err = await ran.communicate()
    assert ran.returncode is not None
    return ran.returncode, (out + err).decode()

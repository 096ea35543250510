"""`python -m tests.fork_server`: forks real processes of the bot, which can ask a test before and after each commit.

It imports the bot once and forks: each child runs `main` of `bot.__main__` (or of the module in the order) with its own
environment, exactly as `python -m bot` does, and is killed by its pid. Orders and answers are lines of JSON on stdin
and stdout; `tests.forked` writes and reads them. If `TEST_GATE` names a socket, the process reports commits on it, as
`watch_commits` describes.
"""

import asyncio
import ctypes
import gc
import importlib
import json
import os
import re
import signal
import socket
import sys
import threading
from typing import Any

import anyio.lowlevel

WRITES = re.compile(r"^\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+([\w.\"]+)", re.IGNORECASE)
PRELOADED = (
    "bot.__main__", "bot.app.admin_commands", "bot.app.serving", "bot.core.policy.report", "alembic.command",
    "httpcore", "humanize", "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg", "uvicorn.lifespan.on", "uvicorn.protocols.http.httptools_impl", "uvloop",
)  # fmt: skip
"""Everything that a process of the bot imports sooner or later."""
NOISE = ("heartbeat", "processes", "application_versions", "workflow_schedules", "queues")
"""Tables that the bot writes periodically, even if it gets no request."""


class GateConnection(threading.local):
    """Keeps one connection for each thread, so that a held commit blocks no other thread."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._answers = self._socket.makefile("rb")

    def ask(self, when: str, tables: list[str]) -> None:
        """Report a commit that is about to happen, or has happened, and wait for an answer."""
        self._socket.sendall(json.dumps({"when": when, "tables": tables}).encode() + b"\n")
        self._answers.readline()


def watch_commits(path: str) -> None:
    """Report every commit that wrote rows to other tables than `NOISE`, before and after it, and wait for the answers.

    Rows of sweeps aren't counted. Applies to all engines.
    """
    from sqlalchemy import Engine, event
    from sqlalchemy.engine.default import DefaultDialect

    gate, after = GateConnection(path), threading.local()
    commit: Any = DefaultDialect.do_commit

    @event.listens_for(Engine, "after_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        found = WRITES.match(statement)
        wrote = statement.lstrip()[:6].upper() == "INSERT" or cursor.rowcount != 0
        if found and wrote and "sweep" not in str(parameters):
            table = found.group(1).replace('"', "").rpartition(".")[2]
            connection.info.setdefault("tables", []).append(table)

    @event.listens_for(Engine, "begin")
    @event.listens_for(Engine, "rollback")
    def forget(connection: Any) -> None:
        connection.info.pop("tables", None)

    @event.listens_for(Engine, "commit")
    def before(connection: Any) -> None:
        tables = [table for table in dict.fromkeys(connection.info.pop("tables", [])) if table not in NOISE]
        after.tables = tables
        if tables:
            gate.ask("before", tables)

    def do_commit(self: DefaultDialect, connection: Any) -> None:
        commit(self, connection)
        tables, after.tables = getattr(after, "tables", []), []
        if tables:
            gate.ask("after", tables)

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def end_with_parent() -> None:
    """End with the parent process, on systems that support it, so that killed tests leave nothing behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def become(order: dict[str, Any]) -> int:
    """Become the ordered process, run its work, and return its exit status."""
    os.setsid()
    end_with_parent()
    nothing = os.open(os.devnull, os.O_RDONLY)
    out, err = (os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND) for name in ("out", "err"))
    for number, file in enumerate((nothing, out, err)):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["cwd"])
    if gate := os.environ.get("TEST_GATE"):
        watch_commits(gate)
    return int(importlib.import_module(order["module"]).main(order["arguments"]) or 0)


def ended(pid: int) -> int | None:
    """Return a child's exit status, negative after a signal as in `subprocess`. None while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def serve() -> None:
    """Handle orders until stdin ends: fork a process and print its pid, or print one's exit status (`null` if none)."""
    for name in PRELOADED:
        importlib.import_module(name)
    asyncio.run(anyio.lowlevel.checkpoint())  # imports what anyio needs for this kind of loop
    assert threading.active_count() == 1, "a process with threads must not fork"
    gc.collect()
    gc.freeze()  # otherwise the collector in each child visits all objects again, which copies their memory pages
    for line in sys.stdin:
        order = json.loads(line)
        answer = ended(order["ended"]) if "ended" in order else os.fork()
        if answer == 0 and "ended" not in order:
            sys.exit(become(order))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()

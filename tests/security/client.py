"""A real client of a database: Python's `libsql`, in a separate process, because it holds the interpreter lock.

`python -m tests.security.client URL` reads statements from its standard input, one JSON line each: `[token, sql]`. It
answers each with one JSON line: `{"rows": …}`, or `{"error": …}` with the error as text.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Refused(Exception):
    """Raised if the client reports an error, with its text."""


@dataclass
class Client:
    """Runs SQL in a client process, with the token in `token`."""

    process: Process
    token: str = ""

    async def run_sql(self, sql: str) -> list[Any]:
        """Run one statement on a new connection, and return its rows. Raises Refused."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([self.token, sql]).encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 30))
        if "error" in answer:
            raise Refused(answer["error"])
        return list(answer["rows"] or [])


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Client]:
    """Start a client of the database at a URL. Its token is empty at first."""
    process = await create_subprocess_exec(
        sys.executable, "-m", "tests.security.client", url, stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        yield Client(process)
    finally:
        process.kill()
        await process.wait()


def main() -> None:
    """Run the statements on standard input, one after another."""
    import libsql

    for line in sys.stdin:
        token, sql = json.loads(line)
        try:
            connection = libsql.connect(sys.argv[1], auth_token=token)
            rows = connection.execute(sql).fetchall()
            connection.commit()
            answer = {"rows": rows}
        except Exception as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

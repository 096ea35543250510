"""The catalogue's file: one connection on one thread, so that only one function uses it at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from bot.sandbox.platform.catalog.schema import MIGRATIONS, TABLES, VERSION

P = ParamSpec("P")
T = TypeVar("T")


class Catalog:
    """Runs functions of the form `f(connection, ...)`, each in a transaction of its own.

    The changes are on disk when `run` or `run_now` returns.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._connection = apsw.Connection(str(path))
        self._connection.pragma("journal_mode", "wal")
        self._connection.pragma("synchronous", 2)
        with self._connection:
            version = int(self._connection.pragma("user_version"))
            self._connection.execute("".join(MIGRATIONS[version - 1 :]) if version else TABLES)
            self._connection.pragma("user_version", VERSION)
        self._thread = ThreadPoolExecutor(1, "platform-catalogue")

    async def run(self, function: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function` in a transaction on the catalogue's thread. An exception rolls it back."""
        return await asyncio.wrap_future(self._thread.submit(lambda: self._transact(function, *args, **kwargs)))

    def run_now(self, function: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function` as `run` does, but block the calling thread. For use outside of the event loop."""
        return self._thread.submit(lambda: self._transact(function, *args, **kwargs)).result()

    def _transact(self, function: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._connection:
            answer = function(self._connection, *args, **kwargs)
        return answer  # noqa: RET504 - the transaction is committed when the block ends

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()

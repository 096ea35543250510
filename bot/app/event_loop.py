"""Runs a command's asynchronous work in uvloop, if enough files can be opened for it."""

import os
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

NEEDED_FILES: Final = 64
"""How many more files a command may need: a worker opens up to thirty for itself, and more for PostgreSQL."""
T = TypeVar("T")


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end.

    Raises:
        OSError: too few files can be opened. This is checked first, because uvloop and the libraries don't say so
            clearly, and some of them would wait.
    """
    try:
        _require_files()
    except OSError:
        work.close()
        raise
    import uvloop

    return uvloop.run(work)


def _require_files() -> None:
    opened: list[int] = []
    try:
        for _ in range(NEEDED_FILES):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for one in opened:
            os.close(one)

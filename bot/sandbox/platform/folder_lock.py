"""A lock on a folder, so that only one platform uses it. The system releases it when the process ends.

On Windows there is no lock.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import BotError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes. Raises BotError if it is locked."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("a") as file:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BotError(f"Another platform uses the folder {folder}.") from None
        yield

"""Reads the text of a policy file, in the same way for the running bot and for the command line."""

import os
import stat
from pathlib import Path
from typing import Final

from bot.errors import BotError

MOST_BYTES: Final = 1_000_000


class Unreadable(BotError):
    """Raised if a policy file can't be read. The message says why, without the path."""


def read_policy(path: Path) -> str:
    """Return the text of a policy file.

    Raises:
        Unreadable: it isn't a regular file with UTF-8 text, can't be read, or exceeds `MOST_BYTES`.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable("it isn't a file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise Unreadable(f"it is larger than {MOST_BYTES:,} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise Unreadable(os.strerror(error.errno or 0)) from None
    except ValueError:
        raise Unreadable("it isn't UTF-8 text") from None

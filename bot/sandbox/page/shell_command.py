"""The shell command with which a person can try a revealed token on a local database."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from bot.sandbox.platform.connect import connect_command
from bot.sandbox.workspace.model import Message

_TOKEN: Final = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")
_ADDRESS: Final = re.compile(r"\blibsql://\S+")


def shell_command(message: Message) -> str | None:
    """Return the command for a private message that contains a token and an address. None for other messages."""
    if not message.only_for:
        return None
    shown = "\n".join(_texts(message.blocks))
    token, address = _TOKEN.search(shown), _ADDRESS.search(shown)
    if not token or not address:
        return None
    parts = urlsplit(address[0])
    return connect_command(f"{parts.netloc}{parts.path}", token[0])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)

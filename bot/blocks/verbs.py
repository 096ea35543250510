"""What a command is called on buttons and in titles: `Freeze writes`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

VERBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "create": "Create database",
        "destroy": "Destroy",
        "restore": "Undo destroy",
        "token": "Create token",
        "rotate": "Rotate tokens",
        "freeze": "Freeze writes",
        "thaw": "Thaw",
        "protect": "Set protection",
        "incident start": "Start incident",
        "incident end": "End incident",
        "digest on": "Turn digest on",
        "digest off": "Turn digest off",
    }
)


def verb_of(command: str) -> str:
    """Return the verb of a command, about 20 characters."""
    return VERBS.get(command) or command.capitalize()

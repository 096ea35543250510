"""What the commands are called: the names that rules use, how risky each is, and the `turso` CLI's spellings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from bot.core.model import Risk


@dataclass(frozen=True, slots=True)
class Entry:
    """How the rules see one command."""

    risk: Risk
    flags: tuple[str, ...] = ()
    """The flags that a rule may name behind the command."""


HOME: Final = "home"
ALWAYS: Final = frozenset({HOME, "help", "whoami"})
"""What every member of the workspace may do, wherever they stand."""

COMMANDS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        HOME: Entry(Risk.READ),
        "help": Entry(Risk.READ),
        "whoami": Entry(Risk.READ),
        "list": Entry(Risk.READ),
        "show": Entry(Risk.READ),
        "usage": Entry(Risk.READ),
        "triage": Entry(Risk.READ),
        "tokens": Entry(Risk.READ, ("--mine",)),
        "requests": Entry(Risk.READ, ("--mine", "--to-approve")),
        "audit": Entry(Risk.READ),
        "policy explain": Entry(Risk.READ),
        "doctor": Entry(Risk.READ),
        "create": Entry(Risk.LOW),
        "token": Entry(Risk.MEDIUM, ("--read-only",)),
        "rotate": Entry(Risk.HIGH),
        "destroy": Entry(Risk.HIGH, ("--now",)),
        "restore": Entry(Risk.MEDIUM),
        "freeze": Entry(Risk.MEDIUM, ("--reads",)),
        "thaw": Entry(Risk.MEDIUM),
        "protect": Entry(Risk.MEDIUM),
        "incident": Entry(Risk.LOW),
        "incident start": Entry(Risk.LOW),
        "incident status": Entry(Risk.LOW),
        "incident end": Entry(Risk.LOW),
        "incident report": Entry(Risk.LOW),
        "digest": Entry(Risk.LOW),
        "digest on": Entry(Risk.LOW),
        "digest off": Entry(Risk.LOW),
        "digest now": Entry(Risk.LOW),
    }
)

READING: Final = frozenset(
    {name for name, entry in COMMANDS.items() if entry.risk is Risk.READ}
    | {"incident status", "incident report", "digest now"}
)
"""Commands that change nothing: there is nothing to approve or to review about them."""

VARIANTS: Final[Mapping[tuple[str, ...], str]] = MappingProxyType(
    {
        ("token",): "full access",
        ("token", "--read-only"): "read-only",
        ("destroy",): "with a countdown",
        ("destroy", "--now"): "at once",
        ("freeze",): "writes",
        ("freeze", "--reads"): "reads and writes",
        ("tokens",): "everybody's",
        ("tokens", "--mine"): "your own",
        ("requests",): "everybody's",
        ("requests", "--mine"): "your own",
        ("requests", "--to-approve"): "what you can approve",
    }
)
"""What the variants of a command are called where the rules tell them apart: without a flag, and with each."""

SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ls": "list",
        "rm": "destroy",
        "inspect": "usage",
        "tokens create": "token",
        "tokens invalidate": "rotate",
        "tokens list": "tokens",
    }
)
"""Other spellings of a command; each may also begin with `db`."""


SYNONYMS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("delete", "drop", "remove", "del", "erase"), "destroy")
    | dict.fromkeys(("revoke", "invalidate"), "rotate")
    | dict.fromkeys(("unfreeze", "unblock", "unlock"), "thaw")
    | dict.fromkeys(("block", "lock"), "freeze")
    | dict.fromkeys(("undo", "undelete", "recover"), "restore")
    | dict.fromkeys(("databases", "dbs"), "list")
    | dict.fromkeys(("info", "describe", "get", "status"), "show")
    | dict.fromkeys(("stats", "metrics"), "usage")
    | dict.fromkeys(("new", "make", "add"), "create")
    | dict.fromkeys(("mint", "credentials"), "token")
    | dict.fromkeys(("log", "logs", "history"), "audit")
)
"""Words that people use for a command: suggested, never taken for it."""


@lru_cache(maxsize=1024)
def canonical(words: str) -> str:
    """Return the name that rules use for a command as it is typed, without options: `db tokens create` is `token`."""
    name = " ".join(words.lower().split())
    if name.startswith("db "):
        name = name[3:]
    return SPELLINGS.get(name, name)


@lru_cache(maxsize=1024)
def risk_of(command: str, read_only: bool = False) -> Risk:
    """Return the risk of a command; a sub-command has its parent's; what is not known is high."""
    if command == "token" and read_only:
        return Risk.LOW
    entry = COMMANDS.get(command) or COMMANDS.get(command.partition(" ")[0])
    return entry.risk if entry else Risk.HIGH


def is_part_of(command: str, name: str) -> bool:
    """True when a rule that says `name` means `command`, too: `incident` means `incident start`."""
    return command == name or command.startswith(f"{name} ")

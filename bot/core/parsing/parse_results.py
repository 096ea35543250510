"""The values that parsing speaks in: a command's description, what was read, and what can be wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from bot.core.declaration import Declaration
from bot.core.parsing.arguments import shown
from bot.errors import BadInput

LONGEST_TEXT: Final = 2_000
"""Characters of a command line, a button's value or a field of a form: more than any of them needs."""


S = TypeVar("S", bound=Declaration)


@dataclass(frozen=True, slots=True)
class Common:
    """The options that belong to no command in particular."""

    private: bool = False
    reason: str | None = None
    ticket: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Parsed(Generic[S]):
    """A command with everything that it needs."""

    spec: S
    args: BaseModel
    common: Common
    text: str
    """The text after normalisation."""


@dataclass(frozen=True, slots=True)
class Incomplete(Generic[S]):
    """A command that lacks something: a form can ask for it."""

    spec: S
    given: Mapping[str, Any]
    """What was typed, by the key of the argument; every value is valid."""
    missing: tuple[str, ...]
    """The keys of what is absent, in the order of the model."""
    args: BaseModel
    """What was typed, checked, with defaults for the rest; None stands for what is missing."""
    common: Common
    text: str


class UnknownCommand(BadInput):
    """No command is called so. `nearest` has the names that come close."""

    def __init__(self, word: str, nearest: tuple[str, ...]) -> None:
        self.word, self.nearest = word, nearest
        super().__init__(f"There is no command {shown(word)}.{_meant(nearest)} `/turso help` lists the commands.")


class UnknownOption(BadInput):
    """The command has no such option. `nearest` has the options that come close."""

    def __init__(self, option: str, spec: Declaration, nearest: tuple[str, ...]) -> None:
        self.option, self.nearest = option, nearest
        super().__init__(f"`{spec.name}` has no option {shown(option)}.{_meant(nearest)} Usage: `/turso {spec.usage}`")


class TextTooLong(BadInput):
    """More text than any command needs."""

    def __init__(self, length: int) -> None:
        super().__init__(f"This has {length:,} characters. The maximum is {LONGEST_TEXT:,}.")


def nearest(word: str, names: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return the names that look like `word`, best first; none when nothing comes close."""
    from rapidfuzz import fuzz, process

    found = process.extract(word, sorted(names), scorer=fuzz.WRatio, score_cutoff=60, limit=limit)
    return tuple(name for name, _, _ in found)


def close(word: str, names: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return the names that `word` is a slip of, best first: one wrong letter in four, or the beginning of a name."""
    from rapidfuzz.distance import OSA

    at_most = 1 if len(word) < 5 else 2
    slips = [(OSA.distance(word, name), name) for name in names if abs(len(name) - len(word)) <= at_most]
    begun = [(at_most, name) for name in names if len(word) >= 3 and name.startswith(word)]
    found = sorted({(far, name) for far, name in [*slips, *begun] if far <= at_most})
    return tuple(dict.fromkeys(name for _, name in found))[:limit]


def _meant(names: tuple[str, ...]) -> str:
    return " Did you mean " + " or ".join(f"`{name}`" for name in names) + "?" if names else ""

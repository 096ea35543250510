"""The results of parsing a command line, and its errors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel

from bot.core.declaration import Declaration
from bot.core.parsing.arguments import quoted
from bot.errors import BadInput

LONGEST_TEXT: Final = 2_000
"""The maximum length of a command line, a button's value or a form's field, in characters."""


S = TypeVar("S", bound=Declaration)


@dataclass(frozen=True, slots=True)
class Common:
    """The options that every command accepts (`private`), and those that every change accepts (the others)."""

    private: bool = False
    reason: str | None = None
    ticket: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Parsed(Generic[S]):
    """A complete command."""

    spec: S
    args: BaseModel
    common: Common
    text: str
    """The normalized text."""


@dataclass(frozen=True, slots=True)
class Incomplete(Generic[S]):
    """A command with missing arguments, which a form can ask for."""

    spec: S
    given: Mapping[str, Any]
    """The typed values, all valid, by the arguments' keys."""
    missing: tuple[str, ...]
    """The keys of the missing arguments, in the order of the model."""
    args: BaseModel
    """The validated arguments, with defaults. Missing arguments are None."""
    common: Common
    text: str


class UnknownCommand(BadInput):
    """Raised when no command has this name. `nearest` has names to suggest, most of them similar."""

    def __init__(self, word: str, nearest: tuple[str, ...]) -> None:
        self.word, self.nearest = word, nearest
        super().__init__(f"There is no command {quoted(word)}.{_hint(nearest)} `/turso help` lists the commands.")


class UnknownOption(BadInput):
    """Raised when the command has no such option. `nearest` has similar options."""

    def __init__(self, option: str, spec: Declaration, nearest: tuple[str, ...]) -> None:
        self.option, self.nearest = option, nearest
        super().__init__(f"`{spec.name}` has no option {quoted(option)}.{_hint(nearest)} Usage: `/turso {spec.usage}`")


class TextTooLong(BadInput):
    """Raised for a text that is longer than any command needs."""

    def __init__(self, length: int) -> None:
        super().__init__(f"This has {length:,} characters. The maximum is {LONGEST_TEXT:,}.")


def nearest(word: str, names: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return names similar to `word`, best first. Empty if none is similar."""
    from rapidfuzz import fuzz, process

    found = process.extract(word, sorted(names), scorer=fuzz.WRatio, score_cutoff=60, limit=limit)
    return tuple(name for name, _, _ in found)


def close(word: str, names: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return names that `word` may be a typo or the beginning of, best first."""
    from rapidfuzz.distance import OSA

    at_most = 1 if len(word) < 5 else 2
    slips = [(OSA.distance(word, name), name) for name in names if abs(len(name) - len(word)) <= at_most]
    begun = [(at_most, name) for name in names if len(word) >= 3 and name.startswith(word)]
    found = sorted({(far, name) for far, name in [*slips, *begun] if far <= at_most})
    return tuple(dict.fromkeys(name for _, name in found))[:limit]


def _hint(names: tuple[str, ...]) -> str:
    return " Did you mean " + " or ".join(f"`{name}`" for name in names) + "?" if names else ""

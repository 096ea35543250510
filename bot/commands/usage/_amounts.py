"""Numbers that may be unknown: sums, comparisons and formatting."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from bot.blocks.text import counted
from bot.turso.models import Usage

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum over databases with known numbers, and how many databases have unknown ones."""

    known: int | None
    missing: int = 0

    @property
    def whole(self) -> int | None:
        """Return the sum. None if the number of any database is unknown, or if there are no databases."""
        return None if self.missing else self.known

    def words(self, write: Callable[[int | None], str]) -> str:
        """Format the sum and the number of databases that it doesn't include: `1,204 (2 databases not included)`."""
        if self.known is None:
            return UNKNOWN
        lacks = f" ({counted(self.missing, 'database')} not included)" if self.missing else ""
        return f"{write(self.known)}{lacks}"

    def in_sentence(self, write: Callable[[int | None], str]) -> str:
        """Format the sum for the middle of a sentence: `at least 1,204` if some databases aren't included."""
        if self.known is None:
            return UNKNOWN
        return f"at least {write(self.known)}" if self.missing else write(self.known)


def known(value: int | None, write: Callable[[int | None], str]) -> str:
    """Format a number, or return `unknown`."""
    return UNKNOWN if value is None else write(value)


def amount_of(usages: Iterable[Usage], name: str) -> Amount:
    """Sum one field of usage over databases."""
    values = [getattr(usage, name) for usage in usages]
    known = [value for value in values if value is not None]
    return Amount(sum(known) if known else None, len(values) - len(known))


def change(now: int | None, before: int | None, versus: str) -> str:
    """Format a change: ` (+12% vs. the previous period)`. Empty if a number is unknown or `before` is 0."""
    if now is None or not before:
        return ""
    percent = round(100 * (now - before) / before)
    return f" ({percent:+,}% vs. {versus})" if percent else f" (same as {versus})"


def share_of_quota(used: int | None, quota: int | None) -> str:
    """Format how much of a quota is used: ` (79.9% of quota)`. Empty if a number is unknown or the quota is 0."""
    if used is None or not quota:
        return ""
    percent = 100 * used / quota
    return f" ({'<0.1' if percent < 0.05 else f'{percent:.1f}'}% of quota)"

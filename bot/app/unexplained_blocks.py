"""Finds databases that are blocked at Turso without a hold in the store that explains it.

This happens after the store was restored from a backup, or if someone blocks a database outside the bot.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from bot.app.checks import Unhealthy
from bot.blocks.text import counted
from bot.commands.databases._holds import blocked, remaining
from bot.core.ports.holds import ReadHolds
from bot.errors import BotError
from bot.turso import TursoClient

ASKED: Final = 20
"""The maximum number of database configurations that a live check reads, so that it takes only seconds."""
SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A database with a block that no hold explains."""

    organization: str
    database: str
    reads: bool
    writes: bool


@dataclass(slots=True)
class Blocks:
    """The findings for one organization."""

    unexplained: list[Unexplained] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """What couldn't be checked.

    These are databases whose configuration couldn't be read or wasn't read because of `at_most`, and the number of
    entries in the list that couldn't be read. If the databases couldn't be listed, it is the organization.
    """


async def find_unexplained(
    turso: TursoClient, holds: ReadHolds, organization: str, *, at_most: int | None = None
) -> Blocks:
    """Find the blocked databases of an organization that no hold explains.

    Args:
        at_most: None reads the configuration of every database. With a number, skip databases that the listing shows as
            unblocked, and read at most that many of the others.
    """
    result = Blocks()
    try:
        databases = await turso.listed()
    except BotError:
        result.unknown.append(organization)
        return result
    if databases.left_out:
        result.unknown.append(f"{counted(databases.left_out, 'database')} in {organization}")
    doubtful = [one for one in databases if at_most is None or not one.is_open]
    for place, one in enumerate(doubtful):
        if at_most is not None and place >= at_most:
            result.unknown.append(one.name)
            continue
        try:
            reads, writes = await blocked(turso, one.name)
        except BotError:
            result.unknown.append(one.name)
            continue
        held = remaining(await holds.find(database_id=one.id))
        reads, writes = reads and not held[0], writes and not held[1]
        if reads or writes:
            result.unexplained.append(Unexplained(organization, one.name, reads, writes))
    return result


async def check_blocks(turso: Callable[[], TursoClient], holds: ReadHolds) -> str:
    """Return a sentence for `doctor`.

    Raises:
        Unhealthy: a database is blocked without a reason in the store.
        BotError: the organization's token isn't set.
    """
    result = await find_unexplained(turso(), holds, turso().organization, at_most=ASKED)
    if result.unexplained:
        how_many = counted(len(result.unexplained), "database")
        verb = "is" if len(result.unexplained) == 1 else "are"
        raise Unhealthy(
            f"{how_many} {verb} blocked for an unknown reason: "
            f"{_list(one.database for one in result.unexplained)}. "
            "Run `/turso freeze NAME` to adopt a block as a freeze, or `/turso thaw NAME` to remove it."
        )
    if result.unknown:
        return f"No unexplained block was found, but these couldn't be checked: {_list(result.unknown)}."
    return "The reason for every block is known."


def _list(names: Iterable[str]) -> str:
    all_names = [f"`{one}`" for one in names]
    more = len(all_names) - SHOWN
    return ", ".join(all_names[:SHOWN]) + (f" and {more} more" if more > 0 else "")

"""Finds databases that are blocked at Turso without a hold in the store that explains it.

This happens after the store was restored from a backup, or if someone blocks a database outside the bot.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.app.checks import Unhealthy
from bot.blocks.text import counted
from bot.commands.databases._holds import blocked, remaining
from bot.core.ports.holds import ReadHolds
from bot.errors import BotError
from bot.pipeline.environment import TursoClients

ASKED: Final = 20
"""How many database configurations a live check reads in each organization at most, so that it takes only seconds."""
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
    """The findings for all organizations."""

    unexplained: list[Unexplained] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """What couldn't be checked, in words with names in back-ticks.

    These are organizations whose token isn't set or whose databases couldn't be listed, databases whose configuration
    couldn't be read or wasn't read because of `at_most`, and the number of entries in a list that couldn't be read.
    """


async def find_unexplained(
    clients: TursoClients, organizations: Collection[str], holds: ReadHolds, *, at_most: int | None = None
) -> Blocks:
    """Find the blocked databases that no hold explains, in all organizations at the same time.

    Args:
        at_most: None reads the configuration of every database. With a number, skip databases that the listing shows as
            unblocked, and read at most that many of the others in each organization.
    """
    each = await asyncio.gather(*(_find_in(clients, one, holds, at_most) for one in sorted(organizations)))
    unexplained = [one for found in each for one in found.unexplained]
    return Blocks(unexplained, [one for found in each for one in found.unknown])


async def _find_in(clients: TursoClients, organization: str, holds: ReadHolds, at_most: int | None) -> Blocks:
    result = Blocks()
    try:
        turso = clients.turso(organization)
        databases = await turso.listed()
    except BotError:
        result.unknown.append(f"`{organization}`")
        return result
    if databases.left_out:
        result.unknown.append(f"{counted(databases.left_out, 'database')} in `{organization}`")
    doubtful = [one for one in databases if at_most is None or not one.is_open]
    for place, one in enumerate(doubtful):
        if at_most is not None and place >= at_most:
            result.unknown.append(_named(organization, one.name))
            continue
        try:
            reads, writes = await blocked(turso, one.name)
        except BotError:
            result.unknown.append(_named(organization, one.name))
            continue
        held = remaining(await holds.find(database_id=one.id))
        reads, writes = reads and not held[0], writes and not held[1]
        if reads or writes:
            result.unexplained.append(Unexplained(organization, one.name, reads, writes))
    return result


async def check_blocks(clients: TursoClients, organizations: Collection[str], holds: ReadHolds) -> str:
    """Return a sentence for `doctor` about the databases of all organizations.

    Raises:
        Unhealthy: a database is blocked without a reason in the store.
    """
    result = await find_unexplained(clients, organizations, holds, at_most=ASKED)
    if result.unexplained:
        how_many = counted(len(result.unexplained), "database")
        verb = "is" if len(result.unexplained) == 1 else "are"
        raise Unhealthy(
            f"{how_many} {verb} blocked for an unknown reason: "
            f"{_list([_named(one.organization, one.database) for one in result.unexplained])}. "
            "Run `/turso freeze NAME` to turn a block into a freeze, or `/turso thaw NAME` to remove it."
        )
    if result.unknown:
        return f"No unexplained block was found, but these couldn't be checked: {_list(result.unknown)}."
    return "The reason for every block is known."


def _named(organization: str, database: str) -> str:
    return f"`{database}` in `{organization}`"


def _list(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")

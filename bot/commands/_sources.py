"""The databases that a branch was created from. A branch holds their data, so it has at most their permissions."""

from collections.abc import Sequence

from bot.turso import DatabaseNotFound, TursoReader
from bot.turso.models import MOST_SOURCES


async def whole_chain(turso: TursoReader, sources: Sequence[str]) -> tuple[str, ...]:
    """Return the sources of a branch with the sources of the last one, and so on. Makes one call for each.

    Raises:
        TursoError: Turso didn't answer.
    """
    names = list(sources)
    while names and len(names) < MOST_SOURCES:
        try:
            found = (await turso.database(names[-1])).target.sources
        except DatabaseNotFound:
            break
        if not found or found[0] in names:
            break
        names.append(found[0])
    return tuple(names)

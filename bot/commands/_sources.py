"""The sources of a branch, whose data it contains. What isn't allowed for them isn't allowed for the branch either."""

from dataclasses import replace

from bot.core.model import Target
from bot.turso import Database, DatabaseNotFound, TursoReader
from bot.turso.models import MOST_SOURCES


async def with_sources(turso: TursoReader, database: Database) -> Target:
    """Return a database as the policy sees it, with its source, the source's source and so on, up to `MOST_SOURCES`.

    Makes at most one call for each. A source that no longer exists is the last one.

    Raises:
        TursoError: a call failed.
    """
    own = Target(database.name, database.group, (database.source.name,) if database.source else ())
    return await with_far_sources(turso, own)


async def with_far_sources(turso: TursoReader, target: Target) -> Target:
    """Add the source of the farthest known source, and so on, up to `MOST_SOURCES`.

    Makes at most one call for that source and for each added one.

    Raises:
        TursoError: a call failed.
    """
    names = list(target.sources)
    while names and len(names) < MOST_SOURCES:
        try:
            source = (await turso.database(names[-1])).source
        except DatabaseNotFound:
            break
        if source is None or source.name in names:
            break
        names.append(source.name)
    return replace(target, sources=tuple(names))

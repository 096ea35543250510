"""A check that DBOS's own tables have every migration of the installed version.

This is the only place that uses a private module of DBOS. `DBOS.migrate` applies migrations, but nothing public says
whether there are any to apply, and commands that only read must not change a store. `tests/contract/test_dbos.py`
fails when a version of DBOS has these functions no longer, or when they no longer say what is asked of them here.
"""

from sqlalchemy import Engine

SCHEMA = "dbos"


def is_current(engine: Engine) -> bool:
    """Return True if `DBOS.migrate` has nothing left to do."""
    from dbos import _migration  # the import takes a third of a second, so it waits until a start needs it

    if engine.dialect.name == "sqlite":
        applied, newest = _migration.get_sqlite_migration_versions(engine)
    else:
        applied, newest = _migration.get_migration_versions(engine, SCHEMA, True)
    return applied >= newest

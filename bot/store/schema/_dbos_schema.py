"""A check that DBOS's own tables have every migration of the installed version.

This is the only place that uses a private module of DBOS. `DBOS.migrate` applies migrations, but there is no public way
to find out whether any are missing, and commands that only read must not change a store. `tests/contract/test_dbos.py`
fails if a version of DBOS no longer has these functions or if they no longer do what is needed here.
"""

from sqlalchemy import Engine

SCHEMA = "dbos"


def is_current(engine: Engine) -> bool:
    """Return True if `DBOS.migrate` has nothing left to do."""
    from dbos import _migration  # the import takes a third of a second, so it is done only when a start needs it

    if engine.dialect.name == "sqlite":
        applied, newest = _migration.get_sqlite_migration_versions(engine)
    else:
        applied, newest = _migration.get_migration_versions(engine, SCHEMA, True)
    return applied >= newest

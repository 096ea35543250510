"""Whether DBOS's own tables have every migration of the installed version.

This is the one place that uses a private module of DBOS. `DBOS.migrate` applies migrations, but nothing public says
whether there are any to apply, and commands that only read must not change a store. `tests/contract/test_dbos.py`
fails when a version of DBOS has these functions no longer, or when they no longer say what is asked of them here.
"""

from sqlalchemy import Engine

SCHEMA = "dbos"


def is_current(engine: Engine) -> bool:
    """Return True when nothing is left for `DBOS.migrate` to do."""
    from dbos import _migration  # a third of a second, which only a start needs

    if engine.dialect.name == "sqlite":
        applied, newest = _migration.get_sqlite_migration_versions(engine)
    else:
        applied, newest = _migration.get_migration_versions(engine, SCHEMA, True)
    return applied >= newest

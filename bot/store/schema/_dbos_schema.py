"""Check whether DBOS's own tables have every migration of the installed version.

Only this file uses a private module of DBOS. `DBOS.migrate` applies migrations, but no public function shows whether
any are missing, and commands that only read must not change a store. `tests/contract/test_dbos.py` fails if a version
of DBOS no longer has these functions, or if they work differently.
"""

from sqlalchemy import Engine

SCHEMA = "dbos"


def is_current(engine: Engine) -> bool:
    """Return True if no migration of DBOS's tables is missing."""
    from dbos import _migration  # imported here because it takes 0.3 s, and few commands check or upgrade the store

    if engine.dialect.name == "sqlite":
        applied, newest = _migration.get_sqlite_migration_versions(engine)
    else:
        applied, newest = _migration.get_migration_versions(engine, SCHEMA, True)
    return applied >= newest

"""The kinds of stores, and a new store of each kind."""

from tests.postgres import new_database

STORES = ("sqlite", "postgresql")


def new_store(kind: str, postgres_server: str) -> str:
    """Return the `DATABASE_URL` of a new PostgreSQL store.

    For SQLite, return an empty string: the harness then creates its own file.
    """
    return "" if kind == "sqlite" else new_database(postgres_server)

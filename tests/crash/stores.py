"""New stores of both kinds."""

from tests.postgres import new_database

STORES = ("sqlite", "postgresql")


def new_store(kind: str, postgres_server: str) -> str:
    """The `DATABASE_URL` of a new store; empty: a SQLite file in the lane's own folder."""
    return "" if kind == "sqlite" else new_database(postgres_server)

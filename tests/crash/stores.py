"""New, empty stores of both kinds."""

import uuid

import psycopg

STORES = ("sqlite", "postgresql")


def new_store(kind: str, postgres_server: str) -> str:
    """The `DATABASE_URL` of a new database; empty: a SQLite file in the lane's own folder."""
    if kind == "sqlite":
        return ""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    return postgres_server.replace("/postgres?", f"/{name}?")

"""Reads requests from a store's file directly, without the process that uses it."""

from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from bot.core.requests.request import Request
from bot.store.repositories.requests import with_votes
from bot.store.schema.tables import requests


def requests_in(file: Path) -> list[Request]:
    """Return every request with its votes, newest first."""
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return with_votes(connection, select(requests).order_by(requests.c.created_at.desc(), requests.c.id))
    finally:
        engine.dispose()

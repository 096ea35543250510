"""Fixtures: stores on both kinds of database, and a receiver of the audit stream that can fail."""

from tests.audit_stream.receiver import receiver
from tests.postgres import database_url, empty_url, postgres_server, postgresql_url, upgraded_postgresql_url
from tests.store.conftest import clock, other, store

__all__ = [
    "clock", "database_url", "empty_url", "other", "postgres_server", "postgresql_url", "receiver", "store",
    "upgraded_postgresql_url",
]  # fmt: skip

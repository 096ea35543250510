"""Fixtures of the security tests."""

from tests.postgres import database_url, postgres_server, postgresql_url

__all__ = ["database_url", "postgres_server", "postgresql_url"]

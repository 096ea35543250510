"""The Alembic migrations of the store's tables. `upgrade` runs those that are missing."""

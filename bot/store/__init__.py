"""The memory: SQLAlchemy tables and migrations; SQLite by default, PostgreSQL at scale."""

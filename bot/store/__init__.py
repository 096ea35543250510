"""The memory: SQLAlchemy tables and migrations."""

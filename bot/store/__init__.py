"""The store: SQLAlchemy tables, repositories and migrations. SQLite by default, PostgreSQL for several processes."""

"""A local Turso: the Platform API and the data plane, on SQLite files."""

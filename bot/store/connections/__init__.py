"""Connections to a database, and helpers that write and read rows."""

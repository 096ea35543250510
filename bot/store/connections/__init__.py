"""Connections to a database, and how rows are written and read through them."""

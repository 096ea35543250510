"""Connections to databases, and helpers that write and read rows."""

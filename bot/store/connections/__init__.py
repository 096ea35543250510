"""Database connections, and helpers that write and read rows."""

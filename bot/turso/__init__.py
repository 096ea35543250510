"""The Turso Platform API: a typed client."""

"""Usage: of one database, and of the organization."""

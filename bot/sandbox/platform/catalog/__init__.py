"""The platform's catalogue: organizations, groups, databases and usage, in one SQLite file."""

"""What the platform knows about organizations, groups, databases and their usage, in one SQLite file."""

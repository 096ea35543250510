"""The platform's catalogue of organizations, groups, databases and usage, in one SQLite file."""

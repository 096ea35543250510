"""Commands about usage of one database and of the organization."""

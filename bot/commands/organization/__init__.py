"""Settings of the organization, which affect every database in it."""

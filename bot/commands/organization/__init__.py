"""Settings of the organization, which concern every database in it."""

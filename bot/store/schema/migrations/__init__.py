"""The migrations of the tables. `upgrade` runs those that are missing."""

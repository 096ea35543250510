"""Point-in-time recovery: keeps the pages that commits replaced, so that a database can be copied as it was."""

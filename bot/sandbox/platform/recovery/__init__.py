"""Point-in-time recovery: what each commit replaced is kept, so that a database can be copied as it was."""

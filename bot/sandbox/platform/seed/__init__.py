"""Data for trying things: the databases of a small company, their history, and traffic."""

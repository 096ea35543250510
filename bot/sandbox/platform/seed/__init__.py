"""Example data: the databases of a small company, their history, and traffic."""

"""Databases: list, show, create, block, protect, destroy."""

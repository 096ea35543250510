"""The web page with which people use the local workspace."""

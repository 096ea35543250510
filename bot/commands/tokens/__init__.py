"""Tokens: create, list, rotate."""

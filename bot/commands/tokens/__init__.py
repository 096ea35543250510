"""Commands about tokens: create, list, rotate."""

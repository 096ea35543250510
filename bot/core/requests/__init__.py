"""Requests: incoming commands and clicks, plans, votes, and the allowed transitions."""

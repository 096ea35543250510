"""Requests: what came in, the plan, the votes, and which transitions are allowed."""

"""Decisions on whether a step may be taken, from facts fetched at that moment."""

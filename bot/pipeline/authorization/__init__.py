"""Decide whether a step may be taken, with facts fetched at that moment."""

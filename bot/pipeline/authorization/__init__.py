"""Decisions on whether a step may be taken, based on current facts from Slack and Turso."""

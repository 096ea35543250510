"""Turso Ops: the Slack bot with which a team runs its Turso databases."""

"""Turso Ops: the Slack bot with which a team runs its Turso databases."""

__version__ = "0.1.0"
"""The version. The build reads it here, so a checkout that is not installed as a package knows it, too."""

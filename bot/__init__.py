"""Turso Ops: the Slack bot with which a team runs its Turso databases."""

__version__ = "0.1.0"
"""The version. It is defined here, so that it is also available in a checkout that isn't installed as a package."""

"""A dozen databases with tables, rows and usage, the same each time."""

from bot.sandbox.platform.turso import Turso


def seed_organization(turso: Turso) -> None:
    """Fill the organization, unless it has databases already."""

"""The same fixtures as those of the scenarios."""

from tests.scenarios.conftest import rested, world

__all__ = ["rested", "world"]

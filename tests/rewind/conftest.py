"""A new world for each module, as in the scenarios."""

from tests.scenarios.conftest import rested, world

__all__ = ["rested", "world"]

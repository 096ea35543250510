"""Fixtures of the scenarios, which the rewind tests share: a new sandbox for each module."""

from tests.scenarios.conftest import idle_after_each_test, world

__all__ = ["idle_after_each_test", "world"]

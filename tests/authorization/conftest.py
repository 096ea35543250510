"""The fixtures of `tests/scenarios`."""

from tests.scenarios.conftest import idle_after_each_test, world

__all__ = ["idle_after_each_test", "world"]

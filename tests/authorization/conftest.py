"""Makes the fixtures of `tests/scenarios` available to these tests."""

from tests.scenarios.conftest import idle_after_each_test, world

__all__ = ["idle_after_each_test", "world"]

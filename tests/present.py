"""Values that may be missing by their type and never are in a test."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Return a value, and fail where there is none."""
    assert value is not None, "there is no such value"
    return value

"""Narrows an optional value that is never None in a test."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Return the value, and fail if it is None."""
    assert value is not None, "there is no such value"
    return value

"""Waits for a condition that an async function checks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def poll_until(look: Callable[[], Awaitable[T | None]], what: str, *, within: float = 30.0) -> T:
    """Poll `look` until it doesn't return None, and return its value."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while (found := await look()) is None:
        assert loop.time() < end, f"waited {within:.0f} s for {what}, which didn't come"
        await asyncio.sleep(0.05)
    return found

"""Waiting for what is looked up asynchronously."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def patient(look: Callable[[], Awaitable[T | None]], what: str, *, within: float = 30.0) -> T:
    """Wait until `look` finds something."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while (found := await look()) is None:
        assert loop.time() < end, f"waited {within:.0f} s in vain for {what}"
        await asyncio.sleep(0.05)
    return found

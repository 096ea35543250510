"""The live feed of the workspace's changes: each subscriber gets the changes that it wants, in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType

from bot.sandbox.workspace.records import Change


class Subscription(AsyncIterator[Change]):
    """An iterator over all wanted changes since its creation. It ends with `close()`."""

    def __init__(self, wanted: Callable[[Change], bool], forget: Callable[[Subscription], None]) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._wanted = wanted
        self._forget = forget

    def offer(self, change: Change) -> None:
        if self._wanted(change):
            self._queue.put_nowait(change)

    def close(self) -> None:
        self._forget(self)
        self._queue.put_nowait(None)

    async def __anext__(self) -> Change:
        change = await self._queue.get()
        if change is None:
            raise StopAsyncIteration
        return change

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Changes:
    """Passes each change to every subscription that wants it."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def subscribe(self, wanted: Callable[[Change], bool]) -> Subscription:
        subscription = Subscription(wanted, self._subscriptions.discard)
        self._subscriptions.add(subscription)
        if self._closed:
            subscription.close()
        return subscription

    def publish(self, change: Change) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.offer(change)

    def interrupt(self) -> None:
        """End every subscription. Subscribers can subscribe again."""
        for subscription in tuple(self._subscriptions):
            subscription.close()

    def close(self) -> None:
        """End every subscription. New ones end immediately."""
        self._closed = True
        self.interrupt()

"""The cache: concurrent readers share a call, no answer is older than requested, and a full cache stays fast."""

import asyncio

import pytest

from bot.core.concurrency.cache import Cache
from tests.growth import computing


class Source:
    """A source that answers with the number of the call. Calls wait while the test has cleared `go`."""

    def __init__(self) -> None:
        self.calls = 0
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def load(self, key: str) -> int:
        self.calls += 1
        mine = self.calls
        await self.go.wait()
        if self.error:
            raise self.error
        return mine


@pytest.fixture
def source() -> Source:
    return Source()


async def test_an_answer_is_kept_for_its_lifetime(source: Source) -> None:
    now = [0.0]
    cache: Cache[str, int] = Cache(source.load, 60, now=lambda: now[0])

    assert [await cache.get("a"), await cache.get("a")] == [1, 1]
    now[0] = 61
    assert cache.peek("a") is None
    assert await cache.get("a") == 2


async def test_readers_at_the_same_time_share_a_call(source: Source) -> None:
    cache: Cache[str, int] = Cache(source.load, 60)

    for fresh in (False, True):
        assert len(set(await asyncio.gather(*(cache.get("a", fresh=fresh) for _ in range(30))))) == 1

    assert source.calls == 2


async def test_fresh_reads_share_one_call_that_starts_after_them(source: Source) -> None:
    cache: Cache[str, int] = Cache(source.load, 60)
    source.go.clear()
    first = asyncio.create_task(cache.get("a"))
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(cache.get("a", fresh=True)) for _ in range(30)]
    await asyncio.sleep(0.01)
    last = asyncio.create_task(cache.get("a", fresh=True))
    await asyncio.sleep(0.01)
    source.go.set()

    assert await first == 1
    assert await asyncio.gather(*later, last) == [2] * 31, "no reader got the answer of the earlier call"
    assert source.calls == 2


async def test_a_call_that_hangs_does_not_delay_the_next_one_forever(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.core.concurrency.cache.WAITS_SECONDS", 0.01)
    cache: Cache[str, int] = Cache(source.load, 60)
    source.go.clear()
    hangs = asyncio.create_task(cache.get("a"))
    await asyncio.sleep(0.01)
    fresh = asyncio.create_task(cache.get("a", fresh=True))
    await asyncio.sleep(0.1)

    assert source.calls == 2
    source.go.set()
    assert await fresh == 2
    await hangs


async def test_an_error_reaches_all_readers_and_drops_the_cached_answer(source: Source) -> None:
    cache: Cache[str, int] = Cache(source.load, 60)
    await cache.get("a")
    source.error = ValueError("Slack is silent")

    ended = await asyncio.gather(*(cache.get("a", fresh=True) for _ in range(3)), return_exceptions=True)

    assert [type(one) for one in ended] == [ValueError] * 3
    assert cache.peek("a") is None, "the old answer isn't used instead"


async def test_a_cached_answer_is_used_until_a_fresh_one_arrives(source: Source) -> None:
    cache: Cache[str, int] = Cache(source.load, 60)
    await cache.get("a")
    source.go.clear()
    fresh = asyncio.create_task(cache.get("a", fresh=True))
    await asyncio.sleep(0.01)

    assert await asyncio.wait_for(cache.get("a"), 1) == 1, "a caller who needs no fresh answer waits for none"
    assert cache.peek("a") == 1
    source.go.set()
    assert (await fresh, await cache.get("a")) == (2, 2)


async def test_an_answer_that_is_dropped_during_its_call_is_not_cached(source: Source) -> None:
    cache: Cache[str, int] = Cache(source.load, 60)
    source.go.clear()
    asked = [asyncio.create_task(cache.get("a", fresh=fresh)) for fresh in (False, True)]
    await asyncio.sleep(0.01)
    cache.forget("a")
    source.go.set()
    await asyncio.gather(*asked)

    assert cache.peek("a") is None
    assert await cache.get("a") == source.calls


async def test_a_reader_that_gives_up_does_not_cancel_the_call_for_others(source: Source) -> None:
    cache: Cache[str, int] = Cache(source.load, 60)
    source.go.clear()
    gone, stays = (asyncio.create_task(cache.get("a")) for _ in range(2))
    await asyncio.sleep(0.01)
    gone.cancel()
    source.go.set()

    assert await stays == 1


async def test_a_full_cache_is_not_much_slower_than_one_with_room() -> None:
    async def load(key: int) -> int:
        return key

    async def fill(cache: Cache[int, int], keys: range) -> None:
        for key in keys:
            await cache.get(key)

    with_room: list[float] = []
    when_full: list[float] = []
    for _ in range(3):
        roomy: Cache[int, int] = Cache(load, 60, at_most=20_000)
        full: Cache[int, int] = Cache(load, 60, at_most=5_000)
        await fill(full, range(5_000))
        with computing(with_room):
            await fill(roomy, range(4_000))
        with computing(when_full):
            await fill(full, range(5_000, 9_000))
        assert full.peek(8_999) == 8_999
        assert full.peek(0) is None

    assert min(when_full) < 3 * min(with_room)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_late_call_does_not_replace_the_result_of_a_newer_one(
    source: Source, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    monkeypatch.setattr("bot.core.concurrency.cache.WAITS_SECONDS", 0.01)
    cache: Cache[str, int] = Cache(source.load, 60)
    open_gate, gate = source.go, asyncio.Event()
    source.go = gate
    late = asyncio.create_task(cache.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    source.go = open_gate

    assert await cache.get("a", fresh=True) == 2
    source.error = OSError("the late call") if fails else None
    gate.set()
    await asyncio.wait([late])

    assert (cache.peek("a"), late.exception() is not None) == (2, fails)

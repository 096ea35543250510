"""Background loops: a fault is counted and reported, and all loops keep running."""

import asyncio
from collections.abc import Callable

import pytest

from bot.core.concurrency import background as module
from bot.core.concurrency.background import Background


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.001)


class Odd(Exception):
    """An error that no code expects."""


@pytest.mark.parametrize("error", [Odd("why"), KeyError("x"), asyncio.CancelledError()], ids=lambda error: repr(error))
async def test_a_loop_that_fails_continues_and_stops_no_other_loop(error: BaseException) -> None:
    counted: list[str] = []
    background = Background(counted.append)
    broken = True

    async def once() -> None:
        if broken:
            raise error

    async def well() -> None: ...

    bad, good = background.start("bad", once), background.start("good", well)
    await until(lambda: bad.failures >= 3)
    rounds = good.rounds
    await until(lambda: good.rounds > rounds)

    assert background.failing() == [bad]
    assert bad.cause == type(error).__name__
    assert counted[:3] == ["bad"] * 3
    broken = False
    await until(lambda: bad.rounds > 0)
    assert background.failing() == []
    for loop in background:
        await loop.stop()


async def test_a_stopped_loop_ends_in_the_middle_of_a_round() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    loop = Background().start("waits", waits)
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await loop.stop()

    assert loop.failures == 0


async def test_a_loop_that_keeps_failing_pauses_longer_and_longer() -> None:
    async def fails() -> None:
        raise Odd("why")

    loop = Background().add("bad", fails, every=0.0)
    pauses = []
    for _ in range(30):
        assert not await loop.round()
        pauses.append(loop.pause())

    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[1] < pauses[-1] <= module.LONGEST_PAUSE

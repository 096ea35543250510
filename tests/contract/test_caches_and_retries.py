"""cachetools and stamina: caches with a given clock, and retries whose pauses a function chooses."""

import stamina
from cachetools import TTLCache


def test_cache_entries_expire_by_the_given_timer_and_their_number_is_limited() -> None:
    now = 0.0
    cache: TTLCache[str, int] = TTLCache(2, 10, timer=lambda: now)
    cache["a"], cache["b"], cache["c"] = 1, 2, 3
    assert set(cache) == {"b", "c"}

    now = 9.9
    assert cache.get("b") == 2
    now = 10.0
    assert cache.get("b") is None


async def test_a_retry_waits_as_long_as_the_given_function_returns() -> None:
    tries: list[int] = []
    pauses: list[float] = []

    class Busy(Exception):
        pass

    def wait(error: Exception) -> float | bool:
        return 0.01 if isinstance(error, Busy) else False

    stamina.instrumentation.set_on_retry_hooks([lambda details: pauses.append(details.wait_for)])
    try:
        async for attempt in stamina.retry_context(on=wait, attempts=3):
            with attempt:
                tries.append(attempt.num)
                if len(tries) < 3:
                    raise Busy
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)

    assert tries == [1, 2, 3]
    assert pauses == [0.01, 0.01]

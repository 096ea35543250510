"""Intents: stored once, before the acknowledgement, and found again after a crash."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.store.connections.database import StoreUnavailable
from bot.store.store import SqlStore
from tests.present import present
from tests.store.conftest import NOON
from tests.store.cutting import When, cut
from tests.store.samples import entry, incoming

LATER = NOON + timedelta(days=1)


async def test_an_intent_is_read_back_without_its_short_lived_values(store: SqlStore) -> None:
    wrote = incoming()

    assert await store.intents.record(wrote)

    read = await store.intents.get(wrote.id)
    assert read == replace(wrote, trigger_id=None, response_url=None)
    assert await store.intents.find_open(before=LATER) == [read]
    assert await store.intents.get("i-no") is None


async def test_a_redelivery_is_recognized_by_its_key(store: SqlStore, other: SqlStore) -> None:
    first, again = incoming(1), incoming(2, key="key-1")

    assert await store.intents.record(first)
    assert not await other.intents.record(again)
    assert not await store.intents.record(first)

    assert [intent.id for intent in await store.intents.find_open(before=LATER)] == [first.id]


async def test_of_many_deliveries_at_the_same_time_one_is_recorded(store: SqlStore, other: SqlStore) -> None:
    same = [incoming(number, key="one") for number in range(40)]

    new = await asyncio.gather(*((store, other)[n % 2].intents.record(one) for n, one in enumerate(same)))

    assert sum(new) == 1


async def test_a_group_commit_returns_each_caller_its_own_result(store: SqlStore) -> None:
    await store.intents.record(incoming(3))

    results = await asyncio.gather(
        *(store.intents.record(incoming(number)) for number in range(6)),
        *(store.audit.append(entry()) for _ in range(5)),
    )

    assert results[:6] == [True, True, True, False, True, True]
    assert (await store.audit.head())[0] == 5


async def test_an_intent_to_read_is_stored_and_never_resumed(store: SqlStore) -> None:
    await store.intents.record(incoming(1), actionable=False)

    assert await store.intents.find_open(before=LATER) == []
    assert not await store.intents.record(incoming(2, key="key-1"))


async def test_open_intents_are_found_up_to_a_time_and_until_they_are_closed(store: SqlStore) -> None:
    for number in range(4):
        await store.intents.record(incoming(number, at=NOON + timedelta(minutes=number)))
    await store.intents.close("i-0000000001")

    found = await store.intents.find_open(before=NOON + timedelta(minutes=3))

    assert [intent.id for intent in found] == ["i-0000000000", "i-0000000002"]


@pytest.mark.parametrize("text", ["a\x00b", "half a pair \ud83d", "🧊 " * 500, "'; drop table intents; --"])
async def test_any_text_is_stored_with_replacements_for_unstorable_characters(store: SqlStore, text: str) -> None:
    await store.intents.record(incoming(text=text, values={"b": text}))

    kept = present(await store.intents.get("i-0000000001")).text

    assert kept == text.replace("\x00", "�").replace("\ud83d", "?")


async def test_an_intent_is_stored_even_if_its_caller_is_cancelled(store: SqlStore) -> None:
    waiting = asyncio.create_task(store.intents.record(incoming()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    await store.settle()

    assert await store.intents.get("i-0000000001") is not None


@pytest.mark.parametrize("commits", [False, True], ids=["before the commit", "after the commit"])
async def test_an_intent_is_recorded_even_if_its_connection_breaks(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, commits: bool
) -> None:
    write = store.database.write
    broken: list[object] = []

    async def breaks_once(*work: Any) -> Any:
        if broken:
            return await write(*work)
        broken.append(work)
        if commits:
            await write(*work)
        raise StoreUnavailable

    monkeypatch.setattr(store.database, "write", breaks_once)

    assert await store.intents.record(incoming()), (
        "the intent is new. If it counted as a redelivery, its request would be lost"
    )
    assert not await store.intents.record(incoming(id="i-another000"))


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_connection_that_ends_at_the_commit_neither_loses_nor_duplicates_an_intent(
    store: SqlStore, when: When
) -> None:
    with cut(store, {1}, when) as seen:
        new = await asyncio.gather(*(store.intents.record(incoming(number)) for number in range(1, 4)))

    assert seen[0] >= (2 if when == "before the commit" else 1), "the connection ended at the first commit"
    assert new == [True, True, True]
    assert len(await store.intents.find_open(before=LATER)) == 3
    assert not await store.intents.record(incoming(9, key="key-1")), "a redelivery is still recognized"

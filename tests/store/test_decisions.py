"""A request may decide on the result of another request, such as a copy. The store lets only one request decide."""

import asyncio

import pytest

from bot.core.requests.request import State
from bot.store.repositories.transitions import WITHOUT_EFFECT
from bot.store.store import SqlStore
from tests.present import present
from tests.store.conftest import NOON
from tests.store.samples import move, request

SUBJECT = "r-subject"
"""The request whose result the other requests decide on."""


def id_of(number: int) -> str:
    return f"r-{number:010}"


async def approved(store: SqlStore, *numbers: int) -> None:
    for number in numbers:
        await store.requests.open(request(number, requester=f"U{number}"), move(State.APPROVED))


async def start(store: SqlStore, number: int) -> bool:
    """Start a request that decides on `SUBJECT`. Return True if it started."""
    go = move(State.EXECUTING, event="begun", decides=(SUBJECT,))
    return await store.requests.move(id_of(number), expect=[State.APPROVED], move=go) is not None


async def test_after_one_request_has_decided_another_does_not_start(store: SqlStore) -> None:
    await approved(store, 1, 2)
    assert await store.requests.decided_by(SUBJECT) is None

    assert await start(store, 1)
    assert not await start(store, 2)

    assert present(await store.requests.decided_by(SUBJECT)).id == id_of(1)
    assert present(await store.requests.get(id_of(2))).state is State.APPROVED
    assert (await store.audit.head())[0] == 1, "a request that didn't start has no audit entry"


async def test_if_many_requests_start_at_the_same_moment_one_decides(store: SqlStore, other: SqlStore) -> None:
    numbers = range(1, 21)
    await approved(store, *numbers)

    won = await asyncio.gather(*(start((store, other)[n % 2], n) for n in numbers))

    assert sum(won) == 1


@pytest.mark.parametrize("end", sorted(WITHOUT_EFFECT))
async def test_a_deciding_request_that_ends_without_effect_lets_another_decide(store: SqlStore, end: State) -> None:
    await approved(store, 1, 2)
    await start(store, 1)

    await store.requests.move(id_of(1), expect=[State.EXECUTING], move=move(end, event="over"))

    assert await store.requests.decided_by(SUBJECT) is None
    assert await start(store, 2)


@pytest.mark.parametrize("end", [State.SUCCEEDED, State.QUARANTINED, State.UNKNOWN])
async def test_a_decision_stays_if_its_request_may_have_had_an_effect(store: SqlStore, end: State) -> None:
    await approved(store, 1, 2)
    await start(store, 1)

    await store.requests.move(id_of(1), expect=[State.EXECUTING], move=move(end, event="over"))

    assert present(await store.requests.decided_by(SUBJECT)).state is end
    assert not await start(store, 2)


async def test_a_decision_is_deleted_with_its_subject(store: SqlStore) -> None:
    await approved(store, 1, 2)
    await store.requests.move(id_of(2), expect=[State.APPROVED], move=move(State.EXECUTING, decides=(id_of(1),)))
    await store.requests.move(id_of(1), expect=[State.APPROVED], move=move(State.STALE, event="over", notifies=False))

    await store.pruning.prune(NOON.replace(year=2030))

    assert await store.requests.get(id_of(1)) is None
    assert await store.requests.decided_by(id_of(1)) is None


async def test_a_subject_that_one_request_changed_can_be_changed_by_another_afterwards(
    store: SqlStore, other: SqlStore
) -> None:
    """If several requests are opened at the same moment, one is stored, and all callers get that one."""
    opening = [
        (store, other)[n % 2].requests.open(request(n, requester=f"U{n}"), move(State.APPROVED, decides=(SUBJECT,)))
        for n in range(1, 9)
    ]
    (first,) = {one.id for one in await asyncio.gather(*opening)}
    assert await store.requests.count([State.APPROVED]) == 1

    go = move(State.EXECUTING, event="begun", decides=(SUBJECT,))
    assert await store.requests.move(first, expect=[State.APPROVED], move=go) is not None
    for end in (State.UNKNOWN, State.SUCCEEDED):
        over = move(end, event="over", frees=(SUBJECT,))
        assert await store.requests.move(first, expect=[State.EXECUTING, State.UNKNOWN], move=over) is not None
        assert await store.requests.decided_by(SUBJECT) is None
    following = await store.requests.open(request(9, requester="U9"), move(State.APPROVED, decides=(SUBJECT,)))
    assert following.id == id_of(9)

"""A request is denied only if its change hasn't been sent, and who owes a review can start no break-glass operation.

The store ensures both, even if two processes write at the same time.
"""

import asyncio
from dataclasses import replace

from bot.core.requests.request import BEFORE_SENT, State
from bot.core.requests.transition import Transition
from bot.errors import ReviewOwed
from bot.store.store import SqlStore
from tests.store.conftest import NOON
from tests.store.samples import hold, move, request, review, vote


def denial(number: int = 1) -> Transition:
    """Return a denial by Ben that is made only if the change hasn't been sent."""
    votes = [vote(number, user_id="U0BEN", approves=False)]
    return replace(move(State.DENIED, event="denied"), votes=votes, only_unsent=True)


async def test_if_a_request_is_denied_and_sent_at_the_same_time_exactly_one_happens(
    store: SqlStore, other: SqlStore
) -> None:
    for number in range(1, 13):
        await store.requests.open(request(number, requester=f"U{number}"), move(State.EXECUTING))
        request_id = request(number).id

        marking = store.requests.mark_sent(request_id, "execute", NOON)
        denying = other.requests.move(request_id, expect=BEFORE_SENT, move=denial(number))
        both = [marking, denying] if number % 2 else [denying, marking]
        done = await asyncio.gather(*both)

        assert sum(bool(one) for one in done) == 1
        found = await store.requests.get(request_id)
        assert found is not None
        assert (found.state is State.DENIED) == (found.sent_at is None)
        assert [one.approves for one in found.votes] == ([False] if found.state is State.DENIED else [])


async def test_prepared_records_are_deleted_if_the_change_is_not_made(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.EXECUTING, holds=[hold()], reviews=[review()]))

    assert await store.requests.move(request().id, expect=BEFORE_SENT, move=denial())

    assert await store.holds.find() == []
    assert await store.reviews.find(owed=True) == []


async def test_a_request_is_marked_as_sent_only_while_it_executes(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.APPROVED))

    assert not await store.requests.mark_sent(request().id, "execute", NOON)
    assert not await store.requests.was_sent(request().id, "execute")
    assert await store.requests.move(request().id, expect=[State.APPROVED], move=move(State.EXECUTING))
    assert await store.requests.mark_sent(request().id, "execute", NOON)
    assert await store.requests.was_sent(request().id, "execute")
    assert await store.requests.move(request().id, expect=BEFORE_SENT, move=denial()) is None


async def test_of_two_break_glass_requests_of_a_person_at_the_same_time_one_is_refused(
    store: SqlStore, other: SqlStore
) -> None:
    for turn in range(6):
        who = f"U{turn}"
        acts = [
            (store, other)[n].requests.open(
                request(10 * turn + n, requester=who),
                move(State.EXECUTING, reviews=[review(10 * turn + n, actor=who)]),
                unless_owing=True,
            )
            for n in range(2)
        ]

        done = await asyncio.gather(*acts, return_exceptions=True)

        assert [isinstance(one, ReviewOwed) for one in done].count(True) == 1
        assert len(await store.reviews.find(owed=True, actor=who)) == 1

"""Requests: written once and moved by compare-and-set, with all side effects of a transition in one commit."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import TokenState
from bot.core.requests.request import State
from bot.store.store import SqlStore
from tests.present import present
from tests.store.conftest import NOON
from tests.store.samples import entry, hold, incoming, move, request, review, token, vote


async def test_a_request_reads_back_as_it_was_written(store: SqlStore) -> None:
    asked = request()

    opened = await store.requests.open(asked, move(State.PENDING))

    assert opened == asked
    assert await store.requests.get(asked.id) == asked
    assert opened.plan.hash == asked.plan.hash


async def test_opening_a_request_closes_its_intent(store: SqlStore) -> None:
    await store.intents.record(incoming())

    await store.requests.open(request(), move(State.PENDING, event="asked"))

    assert await store.intents.find_open(before=NOON + timedelta(days=1)) == []
    assert [entry.event for _, entry in await store.audit.page(before_seq=None, limit=10)] == ["asked"]


async def test_the_same_plan_of_the_same_requester_is_one_pending_request(store: SqlStore) -> None:
    first = await store.requests.open(request(), move(State.PENDING, event="asked"))
    again = replace(request(2), plan=first.plan)

    assert (await store.requests.open(again, move(State.PENDING, event="asked"))).id == first.id
    assert len(await store.audit.page(before_seq=None, limit=10)) == 1

    await store.requests.move(first.id, expect=[State.PENDING], move=move(State.DENIED))
    assert (await store.requests.open(again, move(State.PENDING))).id == again.id


async def test_two_processes_that_resume_one_intent_open_one_request(store: SqlStore, other: SqlStore) -> None:
    first, second = request(1), replace(request(2), intent_id="i-0000000001", state=State.EXECUTING)

    opened = await asyncio.gather(
        store.requests.open(first, move(State.EXECUTING)), other.requests.open(second, move(State.EXECUTING))
    )

    assert len({request.id for request in opened}) == 1


async def test_a_transition_from_another_state_writes_nothing(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.PENDING))
    lost = move(State.EXECUTING, event="executed", timers=[Timer(TimerKind.THAW, "h-1", NOON)], holds=[hold()])

    assert await store.requests.move("r-0000000001", expect=[State.APPROVED], move=lost) is None
    assert await store.requests.move("r-no", expect=[State.PENDING], move=lost) is None

    assert present(await store.requests.get("r-0000000001")).state is State.PENDING
    assert await store.audit.head() == (0, "")
    assert await store.timers.due(NOON) == []
    assert await store.holds.find() == []


async def test_a_transition_writes_everything_that_belongs_to_it(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.EXECUTING, timers=[Timer(TimerKind.EXPIRE, "r-0000000001", NOON)]))
    await store.tokens.add(token(1))
    await store.tokens.add(token(2, database_id="db-2"))

    moved = await store.requests.move(
        "r-0000000001",
        expect=[State.EXECUTING],
        move=move(
            State.SUCCEEDED,
            event="executed",
            changes={"outcome": "Writes are blocked.", "facts": {"blocked": True}, "card_ts": "1.2"},
            timers=[Timer(TimerKind.THAW, "h-1", NOON, attempt=2)],
            cancel=[TimerKind.EXPIRE],
            holds=[hold()],
            reviews=[review()],
            end_tokens_of=["db-1"],
        ),
    )

    assert moved is not None
    assert (moved.state, moved.outcome, moved.facts) == (State.SUCCEEDED, "Writes are blocked.", {"blocked": True})
    assert (moved.card_ts, moved.updated_at) == ("1.2", NOON)
    assert await store.timers.due(NOON) == [Timer(TimerKind.THAW, "h-1", NOON, attempt=2)]
    assert await store.holds.find(database_id="db-1") == [hold()]
    assert await store.reviews.find() == [review()]
    assert [one.id for one in await store.tokens.find(organization="acme", live_at=NOON)] == ["t-2"]
    assert (await store.tokens.find(organization="acme", database_ids=["db-1"]))[0].state is TokenState.ENDED
    assert (await store.audit.head())[0] == 1


async def test_a_transition_that_fails_half_way_leaves_nothing(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.EXECUTING))
    twice = move(State.SUCCEEDED, event="executed", holds=[hold(), hold()])

    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.requests.move("r-0000000001", expect=[State.EXECUTING], move=twice)

    assert present(await store.requests.get("r-0000000001")).state is State.EXECUTING
    assert await store.holds.find() == []
    assert await store.audit.head() == (0, "")


async def test_a_transition_cannot_change_what_was_approved(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.PENDING))

    with pytest.raises(ValueError, match="plan"):
        await store.requests.move(
            "r-0000000001", expect=[State.PENDING], move=move(State.APPROVED, changes={"plan": None})
        )


async def test_of_fifty_transitions_at_the_same_time_one_is_made(store: SqlStore, other: SqlStore) -> None:
    await store.requests.open(request(), move(State.APPROVED))
    go = move(State.EXECUTING, event="begun")

    won = await asyncio.gather(
        *((store, other)[n % 2].requests.move("r-0000000001", expect=[State.APPROVED], move=go) for n in range(50))
    )

    assert sum(one is not None for one in won) == 1
    assert (await store.audit.head())[0] == 1


async def test_fifty_votes_at_the_same_time_count_each_person_once(store: SqlStore, other: SqlStore) -> None:
    await store.requests.open(request(), move(State.PENDING))
    people = [f"U{n % 10}" for n in range(50)]

    await asyncio.gather(
        *(
            (store, other)[n % 2].requests.vote(vote(user_id=who), entry=entry("approved", user_id=who))
            for n, who in enumerate(people)
        )
    )

    voted = await store.requests.get("r-0000000001")
    assert sorted(vote.user_id for vote in present(voted).votes) == sorted(set(people))
    assert (await store.audit.head())[0] == 10


async def test_a_second_vote_does_not_replace_the_first(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.PENDING))
    await store.requests.vote(vote(approves=False), entry=entry("denied"))

    after = await store.requests.vote(vote(approves=True), entry=entry("approved"))

    assert [vote.approves for vote in present(after).votes] == [False]
    assert (await store.audit.head())[0] == 1


async def test_a_vote_on_a_request_that_is_no_longer_pending_is_not_counted(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.EXPIRED))

    assert await store.requests.vote(vote(), entry=entry("approved")) is None
    assert present(await store.requests.get("r-0000000001")).votes == ()


async def test_a_request_is_marked_as_sent_once_in_each_phase(store: SqlStore, other: SqlStore) -> None:
    await store.requests.open(request(), move(State.EXECUTING))

    sent = await asyncio.gather(
        *((store, other)[n % 2].requests.mark_sent("r-0000000001", "execute", NOON) for n in range(20))
    )

    assert sum(sent) == 1
    assert present(await store.requests.get("r-0000000001")).sent_at == NOON
    assert await store.requests.mark_sent("r-0000000001", "finish", NOON + timedelta(hours=1))
    assert present(await store.requests.get("r-0000000001")).sent_at == NOON


async def test_requests_are_listed_newest_first_and_can_be_filtered(store: SqlStore) -> None:
    for number in range(1, 7):
        state = State.PENDING if number % 2 else State.SUCCEEDED
        asked = request(number, requester="U0ANA" if number < 4 else "U0BEN", channel_id="C1" if number < 3 else "C2")
        await store.requests.open(replace(asked, state=state), move(state))

    async def numbers(**filters: Any) -> list[int]:
        return [int(found.id[2:]) for found in await store.requests.find(**filters)]

    both = [State.PENDING, State.SUCCEEDED]
    assert await numbers(states=both) == [6, 5, 4, 3, 2, 1]
    assert await numbers(states=both, limit=2) == [6, 5]
    assert await numbers(states=[State.PENDING]) == [5, 3, 1]
    assert await numbers(states=both, requester="U0ANA") == [3, 2, 1]
    assert await numbers(states=both, channel_id="C2", requester="U0ANA") == [3]
    assert await numbers(states=[]) == []


async def test_requests_are_found_by_command_and_by_time_of_change(store: SqlStore) -> None:
    for at, (command, hours) in enumerate([("rotate", 0), ("rotate", 2), ("destroy", 2)]):
        made = request(at, command=command)
        await store.requests.open(made, replace(move(State.EXECUTING), at=NOON + timedelta(hours=hours)))

    found = await store.requests.find(states=[State.EXECUTING], command="rotate", since=NOON + timedelta(hours=1))

    assert [one.id for one in found] == [request(1).id]


async def test_every_copy_of_a_card_is_stored_once(store: SqlStore) -> None:
    for channel, ts in (("C1", "1.1"), ("C2", "2.2"), ("C1", "1.1")):
        await store.cards.add("r-1", channel, ts)

    assert await store.cards.of("r-1") == [("C1", "1.1"), ("C2", "2.2")]

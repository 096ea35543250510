"""A transition adds its facts to those that are stored at its commit, so it removes none that others have added."""

from bot.core.requests.request import State
from bot.store.store import SqlStore
from tests.store.samples import move, request


async def test_a_transition_adds_to_the_facts_that_are_stored_at_the_commit(store: SqlStore) -> None:
    opened = await store.requests.open(request(facts={"a": 1}), move(State.EXECUTING, adds={"b": 2}))
    assert opened.facts == {"a": 1, "b": 2}

    first = await store.requests.move(opened.id, expect=[State.EXECUTING], move=move(State.EXECUTING, adds={"c": 3}))
    second = await store.requests.move(opened.id, expect=[State.EXECUTING], move=move(State.SUCCEEDED, adds={"b": 4}))

    assert first is not None
    assert first.facts == {"a": 1, "b": 2, "c": 3}
    assert second is not None
    assert second.facts == {"a": 1, "b": 4, "c": 3}


async def test_a_transition_that_comes_too_late_adds_nothing(store: SqlStore) -> None:
    opened = await store.requests.open(request(facts={"a": 1}), move(State.SUCCEEDED))

    late = await store.requests.move(opened.id, expect=[State.EXECUTING], move=move(State.FAILED, adds={"b": 2}))

    assert late is None
    kept = await store.requests.get(opened.id)
    assert kept is not None
    assert kept.facts == {"a": 1}

"""What a list without a limit does not hold is not there: no method of the memory cuts a list by itself."""

import inspect
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.ports import Store
from bot.core.request import State
from bot.store.store import SqlStore
from tests.store.samples import NOON, entry, hold, move, request, review, token

MANY = 620
IN_ROUNDS = {"due": "the sweep takes the longest overdue first, and comes again"}
LISTS = [name for name, one in vars(Store).items() if "limit" in getattr(inspect.unwrap(one), "__annotations__", {})]


@pytest.mark.parametrize("name", sorted({*LISTS}))
@pytest.mark.parametrize("owner", [Store, SqlStore])
def test_only_the_caller_sets_a_limit(owner: type, name: str) -> None:
    limit = inspect.signature(getattr(owner, name)).parameters["limit"]

    assert name in IN_ROUNDS or limit.default in (None, inspect.Parameter.empty)


async def test_every_list_is_whole(store: SqlStore) -> None:
    for at in range(MANY):
        about = request(at, id=f"r-{at:010}", intent_id=f"i-{at}")
        owed = review(at, id=f"v-{at}", request_id=about.id)
        held = hold(at, id=f"h-{at}", request_id=about.id)
        await store.open_request(about, move(State.APPROVED, holds=[held], reviews=[owed]))
        await store.add_token(token(at, id=f"t-{at}"))

    assert len(await store.requests(states=[State.APPROVED])) == MANY
    assert len(await store.holds()) == MANY
    assert len(await store.reviews(owed=True)) == MANY
    assert len(await store.tokens(organization="acme")) == MANY
    first = await store.reviews(owed=True, request_ids=["r-0000000000"])
    assert [one.id for one in first] == ["v-0"]
    assert await store.settle_review("v-0", "U0BEN", True, "fine", NOON, entry("reviewed"))
    assert (await store.review("v-0")).reviewed_by == "U0BEN"  # type: ignore[union-attr]


async def test_requests_are_found_by_command_and_by_when_they_changed(store: SqlStore) -> None:
    for at, (command, hours) in enumerate([("rotate", 0), ("rotate", 2), ("destroy", 2)]):
        made = request(at, command=command)
        await store.open_request(made, replace(move(State.EXECUTING), at=NOON + timedelta(hours=hours)))

    found = await store.requests(states=[State.EXECUTING], command="rotate", since=NOON + timedelta(hours=1))

    assert [one.id for one in found] == [request(1).id]

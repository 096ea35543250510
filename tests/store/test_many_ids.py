"""A group may have ten thousand databases. Queries about all of them use few parameters."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.core.records.notices import LiveCard
from bot.core.records.tokens import TokenState
from bot.core.requests.request import State
from bot.core.requests.transition import Revocation
from bot.store.store import SqlStore
from tests.store.conftest import NOON
from tests.store.samples import move, request, token

IDS = [f"db-{at}" for at in range(10_000)]
MOST_PARAMETERS = 50


@pytest.fixture
def parameters() -> Iterator[list[int]]:
    """Yield a growing list with the number of parameters of each statement, and of each row of a bulk insert."""
    counts: list[int] = []

    def count(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        counts.extend(len(row) for row in (parameters if many else [parameters]))

    event.listen(Engine, "before_cursor_execute", count)
    yield counts
    event.remove(Engine, "before_cursor_execute", count)


async def test_tokens_of_ten_thousand_databases_are_found_with_few_parameters(
    store: SqlStore, parameters: list[int]
) -> None:
    for at, database_id in enumerate(["db-0", "db-9999", "elsewhere"]):
        await store.tokens.add(token(at, database_id=database_id))

    found = await store.tokens.find(organization="acme", database_ids=IDS)

    assert {one.database_id for one in found} == {"db-0", "db-9999"}
    assert await store.tokens.find(organization="acme", database_ids=[]) == []
    assert parameters
    assert max(parameters) < MOST_PARAMETERS


async def test_live_cards_of_ten_thousand_databases_are_found_with_few_parameters(
    store: SqlStore, parameters: list[int]
) -> None:
    for at, name in enumerate(["db-0", "db-9999", "elsewhere"]):
        await store.live_cards.add(LiveCard(f"C0{at}", f"1.{at}", "acme", name, f"show {name}", "U0ANA", NOON))

    found = await store.live_cards.find("acme", IDS)

    assert sorted(one.database for one in found) == ["db-0", "db-9999"]
    assert await store.live_cards.find("acme", []) == []
    assert parameters
    assert max(parameters) < MOST_PARAMETERS


@pytest.mark.parametrize(
    ("brings", "becomes"),
    [
        ({"end_tokens_of": IDS}, TokenState.ENDED),
        ({"revokes": [Revocation(IDS, TokenState.REVOKED, NOON + timedelta(hours=1))]}, TokenState.REVOKED),
    ],
    ids=["ended", "revoked"],
)
async def test_a_transition_ends_tokens_of_ten_thousand_databases_with_few_parameters(
    store: SqlStore, parameters: list[int], brings: dict[str, Any], becomes: TokenState
) -> None:
    await store.requests.open(request(), move(State.APPROVED))
    for at, database_id in enumerate(["db-0", "db-9999", "elsewhere"]):
        await store.tokens.add(token(at, database_id=database_id))

    assert await store.requests.move(request().id, expect=[State.APPROVED], move=move(State.SUCCEEDED, **brings))

    now = {one.database_id: one.state for one in await store.tokens.find(organization="acme")}
    assert now == {"db-0": becomes, "db-9999": becomes, "elsewhere": TokenState.LIVE}
    assert max(parameters) < MOST_PARAMETERS

"""Even if a database sends malformed results for a rewind's comparison, people can still decide about the copy."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bot.core.requests.request import State
from bot.pipeline.outcomes.request_cards import card_of
from bot.turso import Database, TursoClient
from bot.turso.data_reading import Rows
from tests.blocks.messages import buttons, words
from tests.pipeline.in_memory import Pipeline

Answer = list[list[Any]]
ITEMS: Answer = [["table", "items", "CREATE TABLE items (created_at)"]]
TIMES: Answer = [["items", "created_at"]]


def answering(schema: Answer, columns: Answer, counts: Answer) -> Callable[[Sequence[str]], list[Answer]]:
    return lambda asked: [schema, [], columns] if "sqlite_master" in asked[0] else [counts] * len(asked)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        pytest.param(answering([["table", "items"]], TIMES, [[5, None]]), "can't read", id="the schema lacks a column"),
        pytest.param(
            answering([[*ITEMS[0], "x"]], TIMES, [[5, None]]), "can't read", id="the schema has an extra column"
        ),
        pytest.param(answering([[]], TIMES, [[5, None]]), "can't read", id="a row of the schema is empty"),
        pytest.param(answering(ITEMS, [["items"]], [[5]]), "can't read", id="a time column lacks its name"),
        pytest.param(
            answering(ITEMS, [["items", "secret"]], [[5]]), "1 table with the same", id="another column than was asked"
        ),
        pytest.param(answering(ITEMS, TIMES, [[]]), "can't read", id="no count"),
        pytest.param(answering(ITEMS, TIMES, [[5]]), "can't read", id="a count without the time"),
        pytest.param(answering(ITEMS, TIMES, [[-5, None]]), "unknown", id="a negative count"),
        pytest.param(answering(ITEMS, TIMES, [["5", None]]), "unknown", id="a text for a count"),
        pytest.param(answering(ITEMS, TIMES, []), "unknown", id="no row"),
    ],
)
async def test_people_can_decide_about_the_copy_whatever_a_database_responds(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, answer: Callable[[Sequence[str]], list[Answer]], shown: str
) -> None:
    async def read_rows(
        self: TursoClient, database: Database, token: object, asked: Sequence[str], **more: object
    ) -> list[Rows]:
        return [Rows(tuple(map(tuple, rows))) for rows in answer(asked)]

    monkeypatch.setattr(TursoClient, "read_rows", read_rows)
    request = await here.approved("db rewind orders --to 08:30")

    assert await here.execute(request) is State.SUCCEEDED

    card = await card_of(here.env, await here.now(request))
    assert {"Switch", "Keep as a branch", "Discard"} <= buttons(card).keys()
    assert shown in words(card)
    assert "-5 row" not in words(card)

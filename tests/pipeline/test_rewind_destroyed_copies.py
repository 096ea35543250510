"""A copy that was destroyed outside Turso Ops isn't counted when a decision must say which copy is meant."""

import pytest

from bot.core.requests.request import State
from bot.errors import BadInput
from tests.pipeline.in_memory import Pipeline
from tests.pipeline.rewinds import copies, rewound


async def test_of_two_copies_the_one_that_exists_is_meant(here: Pipeline) -> None:
    await rewound(here)
    (gone,) = copies(here)
    second = await here.approved("db rewind orders --to 08:30")
    assert await here.execute(second) is State.SUCCEEDED
    with pytest.raises(BadInput, match="several copies"):
        await here.ask("rewind discard orders")

    del here.turso.databases[gone]

    request = await here.ask("rewind discard orders")
    (left,) = copies(here)
    assert left in str(request.plan.to_json())

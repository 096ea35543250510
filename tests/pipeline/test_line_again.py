"""**Ask again** repeats a request exactly, even if its line has a relative time such as `15m ago`."""

import pytest

from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.pipeline.outcomes.request_cards import card_of
from tests.blocks.messages import buttons
from tests.pipeline.in_memory import Pipeline


@pytest.mark.parametrize(
    "line",
    [
        "db rewind orders --to 15m ago --reason \"a bad 'deploy'\" --ticket OPS-1",
        "db rewind orders --to 08:30",
        "db branch orders orders-test --at 15m ago --for 12h --private",
    ],
)
async def test_a_repeated_request_has_the_same_time_and_options_as_the_first(here: Pipeline, line: str) -> None:
    first = await here.ask(line)
    here.pass_time(hours=25)
    await here.fire(TimerKind.EXPIRE, first.id)
    expired = await here.now(first)
    assert expired.state is State.EXPIRED

    assert buttons(await card_of(here.env, expired))["Ask again"]["value"] == first.id
    again = await here.ask(expired.line)

    assert again.id != first.id
    assert again.plan.arguments["at"] == first.plan.arguments["at"]
    assert again.plan.arguments.get("seconds") == first.plan.arguments.get("seconds")
    assert (again.reason, again.ticket, again.private) == (first.reason, first.ticket, first.private)
    assert again.line == first.line


async def test_a_line_without_a_time_is_kept_as_typed(here: Pipeline) -> None:
    assert (await here.ask("db destroy orders --reason old")).line == "db destroy orders --reason old"

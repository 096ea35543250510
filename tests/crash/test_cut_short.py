"""Messages sent after a process was killed during an operation. They say only what the next process can verify."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from functools import partial
from typing import Any

import pytest

from bot.core.requests.request import State
from tests.crash.harness import Harness, harness
from tests.crash.scenarios import ask, ask_until_acknowledged, in_state
from tests.forked import ForkServer
from tests.world import ANA, BEN, DB_OPS, buttons, until, words


@pytest.fixture
async def here(fork_server: ForkServer) -> AsyncIterator[Harness]:
    async with harness(fork_server, "") as found:
        yield found


async def killed_after(here: Harness, doing: Coroutine[Any, Any, Any], *, commit: str = "", call: str = "") -> None:
    """Start an action, and kill and restart the process right after a commit or call took effect.

    Args:
        commit: the table that the commit changes.
        call: the end of the call's description, such as `POST /v1/organizations/acme/databases`.
    """
    wanted = f"after commit of {commit}" if commit else "after "
    here.gate.arm(lambda _, what: what.startswith(wanted) and what.endswith(call))
    running = asyncio.create_task(doing)
    await asyncio.wait_for(here.gate.held.wait(), 30)
    await here.bot.kill()
    here.gate.drop()
    await running
    await here.bot.start()


async def test_after_a_kill_the_last_message_of_an_incident_still_lists_the_open_items(here: Harness) -> None:
    await here.ensure_database("hot")
    await ask_until_acknowledged(here, "incident start INC-1")
    await until(lambda: here.world.card(DB_OPS, holding="has started. It ends"), what="the timeline")
    await ask_until_acknowledged(here, "db freeze hot")
    await in_state(here, "hot", State.SUCCEEDED)

    await killed_after(here, ask(here, "incident end"), commit="incidents")

    last = await until(lambda: here.world.card(DB_OPS, holding="INC-1* ended"), what="the last message", within=60)
    assert "Frozen: `hot`" in words(last)
    shared = await until(lambda: here.world.workspace.state.files, what="the report")
    assert [one["name"] for one in shared.values()] == ["INC-1.md"]


async def test_people_are_notified_of_a_break_glass_operation_after_a_kill(here: Harness) -> None:
    await here.ensure_database("loud")

    await killed_after(here, ask(here, "protect loud on --reason fire"), commit="requests")

    for person in (ANA, BEN):
        direct = here.world.workspace.state.direct_channel(person).id
        outcome = await until(partial(here.world.card, direct, holding="loud"), what="the notice", within=60)
        assert "fire" in words(outcome)


async def test_a_review_before_a_kill_is_confirmed_to_the_reviewer_and_shown_on_the_card(here: Harness) -> None:
    await here.ensure_database("calm")
    await ask_until_acknowledged(here, "protect calm on --reason fire")
    posted = here.world.workspace.history
    card = await until(
        lambda: next((one for one in posted(DB_OPS, None) if "Review" in buttons(one)), None), what="the card"
    )
    await in_state(here, "calm", State.SUCCEEDED)
    await here.world.person(ANA).presses("Review", card)
    view = await here.world.person(ANA).modal("Was it justified?")
    values = {"verdict": "yes", "comment": "it was right"}

    await killed_after(here, here.world.person(ANA).submits(values, view), commit="reviews")

    await until(lambda: "it was right" in words(here.world.current(card)), what="the card", within=60)

    def texts() -> str:
        return "\n".join(words(one) for one in posted(DB_OPS, ANA))

    await until(lambda: "Review recorded: justified" in texts(), what="the answer")
    assert "no longer needs a review" not in texts()


async def test_after_a_kill_a_create_reports_the_database_as_created_but_not_as_ready(here: Harness) -> None:
    await killed_after(here, ask(here, "db create fresh"), call="POST /v1/organizations/acme/databases")

    card = await until(lambda: here.world.card(DB_OPS, holding="*fresh* was created."), what="the outcome", within=60)
    assert "is ready" not in words(card), "the new process didn't connect to the database"
    assert "libSQL" in words(card), "the address of the database is missing"
    assert here.sent("POST", "/databases") == 1

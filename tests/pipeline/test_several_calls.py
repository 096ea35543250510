"""A change that takes several calls: after an error in a later call, the bot never reports that nothing changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import httpx
import pytest

from bot.commands.base import ChangeContext
from bot.commands.databases import freeze
from bot.core.requests.plan import Plan
from bot.core.requests.request import REFUSED, Request, State
from bot.errors import BadInput
from tests.pipeline.in_memory import Pipeline

ERRORS: dict[str, Callable[[], httpx.Response]] = {
    "no connection": lambda: unreachable(),
    "no answer": lambda: too_late(),
    "400": lambda: httpx.Response(400, json={"error": "this is not possible"}),
    "401": lambda: httpx.Response(401, json={"error": "who are you?"}),
    "404": lambda: httpx.Response(404, json={"error": "record not found"}),
    "429": lambda: httpx.Response(429, json={"error": "slow down"}, headers={"retry-after": "100"}),
    "500": lambda: httpx.Response(500, json={"error": "internal error"}),
}


def unreachable() -> httpx.Response:
    raise httpx.ConnectError("refused")


def too_late() -> httpx.Response:
    raise httpx.ReadTimeout("too slow")


def reading_fails_after_a_change(here: Pipeline, error: str, *, lasting: bool = False) -> None:
    """Make the first read after a change in Turso fail, or every one if `lasting`."""
    real = here.of.turso.handle
    made: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        if made and request.method == "GET" and (lasting or "failed" not in made):
            made.append("failed")
            return ERRORS[error]()
        answer = real(request)
        if request.method != "GET" and answer.is_success:
            made.append(request.method)
        return answer

    here.of.turso.handle = handle  # type: ignore[method-assign]


async def frozen(here: Pipeline) -> Request:
    """Freeze a database, and request the thaw."""
    assert await here.execute(await here.ask("db freeze orders")) is State.SUCCEEDED
    return await here.ask("db thaw orders")


def is_open(here: Pipeline) -> bool:
    kept: Any = here.turso.databases["orders"]
    return not kept.get("block_writes")


@pytest.mark.parametrize("error", ERRORS)
async def test_a_thaw_whose_second_call_fails_is_not_reported_as_failed(here: Pipeline, error: str) -> None:
    request = await frozen(here)
    reading_fails_after_a_change(here, error)

    state = await here.execute(request)

    assert is_open(here)
    assert state in (State.SUCCEEDED, State.UNKNOWN), (await here.now(request)).outcome
    assert "Nothing was changed" not in (await here.now(request)).outcome


@pytest.mark.parametrize("error", ERRORS)
async def test_a_thaw_that_cannot_be_read_back_is_unknown(here: Pipeline, error: str) -> None:
    request = await frozen(here)
    reading_fails_after_a_change(here, error, lasting=True)

    assert await here.execute(request) is State.UNKNOWN
    assert "Nothing was changed" not in (await here.now(request)).outcome
    assert "may or may not" in (await here.now(request)).outcome


@pytest.mark.parametrize(
    ("error", "is_final"), [("400", True), ("401", False), ("429", False), ("no connection", False)], ids=str
)
async def test_a_freeze_can_be_tried_again_unless_the_refusal_by_turso_is_final(
    here: Pipeline, error: str, is_final: bool
) -> None:
    request = await here.ask("db freeze orders")
    here.answers_once("PATCH", "/databases/orders/configuration", ERRORS[error])

    assert await here.execute(request) is State.FAILED

    found = await here.now(request)
    assert bool(found.facts.get(REFUSED)) is is_final
    assert found.outcome.count("Nothing was changed") <= 1


async def test_a_change_that_the_command_itself_refuses_has_not_happened(here: Pipeline) -> None:
    async def refuses(ctx: ChangeContext, plan: Plan) -> NoReturn:
        raise BadInput("Another incident was just started in this channel.")

    commands = [replace(freeze.command, act=refuses) if one is freeze.command else one for one in here.env.commands]
    request = await here.ask("db freeze orders")
    here.env = replace(here.env, commands=commands)

    assert await here.execute(request) is State.FAILED
    assert (await here.now(request)).outcome == "Another incident was just started in this channel."

"""After its approval, another database can take the name, or join the group, that a rewind or switch is about.

A rewind doesn't read a database that took the name. In both cases, a switch revokes no tokens.
"""

import pytest

from bot.app.workflow_steps import WorkSteps
from bot.commands.base import NEXT_STEP
from bot.core.requests.request import Request, State
from bot.core.requests.step_results import Attempt, BeginResult
from bot.pipeline.outcomes.request_cards import card_of
from tests.blocks.messages import words
from tests.pipeline.in_memory import Pipeline
from tests.pipeline.rewinds import BLOCK, ROTATE, rewound


async def begun(here: Pipeline, request: Request) -> None:
    """Make a request's first change in Turso, and forget its probe tokens, as if the process then stopped."""
    work = WorkSteps(here.env)
    assert await work.begin(request.id, "execute") is BeginResult.GO
    assert (await work.act(request.id, "execute")).attempt is Attempt.DONE
    here.env.watches.forget(request.id)


async def resumed(here: Pipeline, request: Request) -> str:
    """Continue a request as a new process would, and return the words of its card."""
    work = WorkSteps(here.env)
    acted = await work.act(request.id, "execute")
    assert acted.attempt is Attempt.BEFORE
    await work.finish(request.id, "execute", await work.verify(request.id, "execute", acted))
    return words(await card_of(here.env, await here.now(request)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param("replaced", "name orders now belongs to a different database", id="another database has its name"),
        pytest.param("joined", "joined the group", id="another database has joined the group"),
    ],
)
async def test_a_resumed_switch_revokes_no_tokens_of_databases_that_approvers_did_not_see(
    here: Pipeline, change: str, why: str
) -> None:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    await begun(here, request)
    if change == "replaced":
        here.turso.add("orders")
        here.turso.configurations["orders"] |= {"block_reads": True, "block_writes": True}
    else:
        here.turso.add("newcomer")

    card = await resumed(here, request)

    assert here.changes().count(BLOCK) == 1
    assert ROTATE not in here.changes()
    assert (await here.now(request)).facts[NEXT_STEP] == "not_done"
    assert "Its tokens weren't revoked" in card
    assert why in card.replace("`", "")


async def test_a_database_that_replaced_the_old_one_is_not_read(here: Pipeline) -> None:
    request = await here.approved("db rewind orders --to 08:30")
    await begun(here, request)
    here.turso.add("orders")

    card = await resumed(here, request)

    assert (await here.now(request)).state is State.SUCCEEDED
    assert "POST /databases/orders/auth/tokens" not in here.changes()
    assert "The name orders now belongs to a different database" in card.replace("`", "")


async def test_after_a_restart_the_card_does_not_claim_that_the_copy_does_not_respond(here: Pipeline) -> None:
    request = await here.approved("db rewind orders --to 08:30")
    await begun(here, request)

    card = await resumed(here, request)

    assert "was created. It has the data from" in card
    assert "responded" not in card

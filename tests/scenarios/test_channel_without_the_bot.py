"""A change that is typed in a channel without the bot gets one private answer that says so, and isn't made."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.core.requests.request import State
from tests.scenarios import forging
from tests.world import DANA, DB_OPS, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHANGES = (
    "create left-out",
    "rotate left --reason leak",
    "db freeze left",
    "db destroy left --reason old",
    "protect left on --reason audit",
    "token left --read-only",
    "token left --reason work",
    "digest on --daily 09:00",
)


@pytest_asyncio.fixture(loop_scope="module")
async def without_bot(world: World) -> AsyncIterator[World]:
    """Remove the bot from #db-ops while its cache still says that it is a member."""
    app = world.workspace.app.bot_user_id
    await forging.forge_command(world, DANA, DB_OPS, "ls")
    await world.wait_until_idle()
    await world.workspace.admin.leave(app, DB_OPS)
    yield world
    await world.workspace.admin.join(app, DB_OPS)


@pytest.mark.parametrize("line", CHANGES)
async def test_a_change_in_a_channel_without_the_bot_gets_one_private_answer_there(
    without_bot: World, line: str
) -> None:
    world = without_bot
    assert world.bot is not None
    if "left" not in {one.name for one in await world.bot.env.turso_clients.turso("acme").databases()}:
        await world.create_databases("left")
    before, seen, calls = (
        await requests(world),
        {one.ts for one in forging.private_messages(world, DANA)},
        changes(world),
    )

    await forging.forge_command(world, DANA, DB_OPS, line)
    await world.wait_until_idle()

    (answer,) = [one for one in forging.private_messages(world, DANA) if one.ts not in seen]
    assert answer.channel_id == DB_OPS
    assert "I'm not in" in words(answer)
    assert "/invite" in words(answer)
    assert (await requests(world), changes(world)) == (before, calls)


async def requests(world: World) -> list[str]:
    """Return the IDs of the requests that are pending, approved or executing, or have succeeded."""
    assert world.bot is not None
    waiting = (State.PENDING, State.APPROVED, State.EXECUTING, State.SUCCEEDED)
    return [one.id for one in await world.bot.store.requests.find(states=waiting)]


def changes(world: World) -> list[Any]:
    """Return the calls to Turso that change something."""
    return [one for method in ("POST", "PATCH", "DELETE") for one in world.changes(method)]

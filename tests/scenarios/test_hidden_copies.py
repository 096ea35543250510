"""In a channel that may not see the copies of a rewind, the bot answers as if there were none, and names none."""

import pytest

from bot.sandbox.workspace.model import Message
from tests.policies import WITH_NAMED_DBA
from tests.world import DANA, DB_OPS, ORDERS, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """
channels:
  C0DBOPS:
    databases: ["*"]
    rules: [{allow: [read, rewind, destroy], confirm: none}]
  C0ORDERS:
    databases: ["shop"]
    rules: [{allow: [read, rewind, destroy], confirm: none}]
"""
)


def compared(world: World) -> list[Message]:
    """Return the cards of rewinds in #db-ops whose copy waits for a decision."""
    return [one for one in world.workspace.history(DB_OPS, None) if "What should happen to the copy?" in words(one)]


async def copies(world: World, count: int) -> list[str]:
    """Make copies of `shop` from #db-ops until there are `count`, and return their names."""
    if (await world.call_turso("GET", "/databases/shop")).status_code == 404:
        await world.create_databases("shop")
        await world.pass_time(minutes=30)
    for minutes in range(5, 5 + count - len(compared(world))):
        await world.workspace.say(DANA, DB_OPS, f"/turso rewind shop --to {minutes}m ago")
    await until(lambda: len(compared(world)) >= count, what="the copies")
    await world.wait_until_idle()
    listed = (await world.call_turso("GET", "/databases")).json()["databases"]
    return [one["Name"] for one in listed if one["Name"].startswith("shop-rewind")]


@pytest.mark.parametrize("decision", ["switch", "keep", "discard"])
async def test_a_decision_in_another_channel_names_no_copy(world: World, decision: str) -> None:
    names = await copies(world, 2)

    plain = words(await world.person(DANA).types(f"/turso rewind {decision} shop", ORDERS))
    named = words(await world.person(DANA).types(f"/turso rewind {decision} shop --copy {names[0]}", ORDERS))

    assert "There is no rewind of" in plain
    assert "shop-rewind" not in plain
    assert "isn't a rewind copy of" in named
    assert not [one for one in names[1:] if one in named], "the answer names only the copy that Dana typed"
    several = words(await world.person(DANA).types(f"/turso rewind {decision} shop", DB_OPS))
    assert "There are several copies" in several

"""A thaw that waits for approval ends only the freezes that its card names. A later freeze makes it stale."""

import pytest

from bot.core.requests.request import State
from tests.authorization import lost
from tests.security import stage
from tests.world import BEN, DANA, REMY, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = lost.POLICY[: lost.POLICY.index("    rules:")] + (
    """    rules:
      - {allow: [read, freeze], confirm: none}
      - {approve: [thaw], by: "user:U0BEN", confirm: none}
"""
)


@pytest.mark.parametrize(
    "later", ["freeze {} --reads --reason attack", None], ids=["a later freeze", "no later freeze"]
)
async def test_a_thaw_ends_the_freezes_on_its_card_or_is_stale(world: World, later: str | None) -> None:
    assert world.bot is not None
    await world.create_databases(name := f"held-{later is None}".lower())
    await world.person(DANA).types(f"/turso freeze {name} --reason maintenance")
    await world.wait_until_idle()
    card = await world.person(REMY).types(f"/turso thaw {name} --reason done")
    if later:
        await world.person(DANA).types(f"/turso {later.format(name)}")
        await world.wait_until_idle()

    answer = await world.person(BEN).presses_and_reads("Approve", card)
    await stage.reaches(world, card, State.STALE if later else State.SUCCEEDED)
    await world.wait_until_idle()

    now = await world.bot.env.turso_clients.turso("acme").configuration(name)
    assert (now.block_reads, now.block_writes) == (later is not None, later is not None)
    kept = [one for one in await world.bot.store.holds.find() if one.database == name]
    assert len(kept) == (2 if later else 0)
    assert ("was blocked again" in words(answer)) == (later is not None)

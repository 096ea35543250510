"""Overages can be changed with an approval, only in a channel that has every database, and not with a stale plan."""

import pytest

from bot.core.requests.request import State
from bot.sandbox.workspace.model import Message
from tests.http import local_client
from tests.policies import WITH_NAMED_DBA
from tests.scenarios.requesting import reaches, stored
from tests.world import ANA, BEN, DANA, DB_OPS, ORDERS, World, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {approve: overages, by: dba}
  C0ORDERS:
    databases: ["orders*"]
    rules:
      - {allow: [read, overages]}
"""
)
WITH_A_CEILING = OWN_POLICY + "ceiling: {deny: [{commands: [overages], databases: ['later-*']}]}\n"


async def has_overages(world: World) -> bool:
    """Return True if overages are turned on in the local Turso."""
    assert world.keys is not None
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    async with local_client(base_url=world.url, headers=headers) as http:
        return bool((await http.get("/v1/organizations/acme")).json()["organization"]["overages"])


async def approves(world: World, card: Message) -> None:
    """Let Ben approve a request, for which he types the organization's name."""
    await world.person(BEN).presses("Approve", card)
    await world.person(BEN).submits({"typed_name": "acme"})


async def test_overages_are_turned_on_with_an_approval_and_off_again(world: World) -> None:
    dana = world.person(DANA)
    card = await dana.types("/turso overages on --reason launch", holding="turn on overages")
    assert "Turso bills usage beyond the quota" in words(card)
    assert not await has_overages(world)

    await approves(world, card)
    await reaches(world, card, State.SUCCEEDED)

    assert await has_overages(world)
    done = await until(lambda: world.card(holding="Overages for *acme* are on"), what="the outcome")
    assert "Turn off" in words(done)
    card = await dana.types("/turso overages off --reason over", holding="turn off overages")
    await approves(world, card)
    await reaches(world, card, State.SUCCEEDED)
    assert not await has_overages(world)


async def test_a_channel_with_some_databases_may_never_change_overages(world: World) -> None:
    before = len(world.changes("PATCH"))

    answer = words(await world.person(DANA).types("/turso overages on", ORDERS))

    assert "would also affect other databases" in answer
    names = {one["Name"] for one in (await world.call_turso("GET", "/databases")).json()["databases"]}
    assert not [name for name in names if not name.startswith("orders") and f"`{name}`" in answer]
    assert len(world.changes("PATCH")) == before


@pytest.mark.parametrize(("channel", "says"), [(DB_OPS, "Needs approval"), (ORDERS, "also affect other databases")])
async def test_policy_explain_gives_the_same_verdict_about_overages(world: World, channel: str, says: str) -> None:
    answer = await world.person(ANA).types(f"/turso policy explain overages on --in <#{channel}>")

    assert says in words(answer), words(answer)


async def test_a_new_database_for_which_the_ceiling_denies_overages_makes_a_request_stale(world: World) -> None:
    set_policy(world, WITH_A_CEILING)
    try:
        card = await world.person(DANA).types("/turso overages on --reason launch", holding="turn on overages")
        await world.create_databases("later-on")
        await approves(world, card)
        await reaches(world, card, State.STALE)
    finally:
        set_policy(world, OWN_POLICY)

    assert "isn't in the request" in (await stored(world, card)).outcome
    assert not await has_overages(world)

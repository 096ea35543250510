"""The target changes while a request waits: the database is replaced by another one, or its group grows."""

import pytest

from bot.core.requests.request import State
from bot.errors import BotError
from tests.authorization import lost
from tests.authorization.entries import make_request, pressing, stored
from tests.http import local_client
from tests.security import stage
from tests.world import ANA, DANA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = lost.POLICY
DATABASES = "/v1/organizations/acme/databases"


async def turso(world: World, method: str, path: str, **body: str) -> None:
    assert world.keys is not None
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    async with local_client(base_url=world.url, headers=headers) as http:
        assert (await http.request(method, path, json=body or None)).status_code == 200


async def test_a_database_that_joins_the_group_makes_a_rotation_stale_at_the_vote(world: World) -> None:
    await turso(world, "POST", "/v1/organizations/acme/groups", name="fresh", location="aws-us-east-1")
    await turso(world, "POST", DATABASES, name="team-a", group="fresh")
    card = await world.person(DANA).types("/turso rotate team-a --reason leak")
    before = stage.changing_calls(world)
    await turso(world, "POST", DATABASES, name="prod-pay", group="fresh")

    answer = await world.person(ANA).presses_and_reads("Approve", card)

    assert "joined the group `fresh`" in words(answer)
    await world.wait_for_content(card, holding="prod-pay")
    assert stage.changing_calls(world) == before + 1, "only the database that the test itself created"


async def test_a_recreated_database_makes_a_vote_and_a_confirmation_stale(world: World) -> None:
    destroying, freezing = (
        await make_request(world, "one", "db destroy {}"),
        await make_request(world, "two", "db freeze {}"),
    )
    for name in ("one", "two"):
        await turso(world, "DELETE", f"{DATABASES}/{name}")
        await turso(world, "POST", DATABASES, name=name, group="default")

    for who, action_id, request_id in ((ANA, "approval.approve", destroying), (DANA, "request.confirm", freezing)):
        with pytest.raises(BotError, match="belongs to a different database"):
            await pressing(who, action_id)(world, request_id)
        assert (await stored(world, request_id)).state is State.STALE

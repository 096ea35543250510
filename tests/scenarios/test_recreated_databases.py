"""When a database is recreated outside the bot, messages show no freeze, quarantine or token of the old database."""

import pytest

from tests.http import local_client
from tests.policies import WITH_DBA_GROUP
from tests.world import DANA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, digest, freeze, thaw, destroy, "token --read-only"], confirm: none}
"""
)
ABOUT_THE_OLD_ONE = ("Blocked by", "Blocked now", "1 active token", "Tokens that expire")
"""Text about the old database that must not appear. `triage` still shows its history, which is stored by name."""


async def recreate(world: World, *names: str) -> None:
    """Destroy databases without the bot, and create others with the same names."""
    assert world.keys is not None
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    async with local_client(base_url=world.url, headers=headers) as http:
        for name in names:
            assert (await http.delete(f"/v1/organizations/acme/databases/{name}")).status_code == 200
    await world.create_databases(*names)


@pytest.mark.parametrize("line", ["triage frozen-1", "triage quarantined-1", "tokens frozen-1", "tokens", "digest now"])
async def test_messages_are_about_the_database_that_exists_now(world: World, line: str) -> None:
    number = world.clock.now().timestamp()
    frozen, quarantined = f"f{number:.3f}".replace(".", "-"), f"q{number:.3f}".replace(".", "-")
    dana = world.person(DANA)
    await world.create_databases(frozen, quarantined)
    for operation in (f"token {frozen} --read-only", f"freeze {frozen}", f"db destroy {quarantined}"):
        await dana.types(f"/turso {operation} --reason x")
        await world.wait_until_idle()
    asked = line.replace("frozen-1", frozen).replace("quarantined-1", quarantined)
    before = words(await dana.types(f"/turso {asked}"))
    assert any(one in before for one in ABOUT_THE_OLD_ONE), "such text appears while the old databases exist"

    await recreate(world, frozen, quarantined)
    after = words(await dana.types(f"/turso {asked}"))

    assert not [one for one in ABOUT_THE_OLD_ONE if one in after]

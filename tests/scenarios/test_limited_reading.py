"""If rules let a channel read only some databases, no answer of a command or timer names another database."""

from collections.abc import Iterator

import pytest

from tests.policies import WITH_NAMED_DBA
from tests.world import DANA, DB_OPS, ORDERS, World, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
HIDDEN = "payroll-2026"
CHANNELS = """
channels:
  C0ORDERS:
    databases: ["*"]
    rules: [{allow: [read, freeze, token, protect], confirm: none}]
  C0DBOPS:
    databases: ["*"]
    rules:
"""
DENIED = """
      - {deny: [read, digest], databases: ["payroll-*"]}
      - {allow: [read, digest, alert]}
"""
ALLOWED = """
      - {allow: [read, digest, alert], databases: ["orders*", "users"]}
"""
OWN_POLICY = WITH_NAMED_DBA + CHANNELS + DENIED


@pytest.fixture(autouse=True, params=[DENIED, ALLOWED], ids=["others are denied", "some are allowed"])
def limited(world: World, request: pytest.FixtureRequest) -> Iterator[None]:
    set_policy(world, WITH_NAMED_DBA + CHANNELS + request.param)
    yield
    set_policy(world, OWN_POLICY)


async def used(world: World) -> None:
    """From #team-orders, create a token for `HIDDEN` and freeze it, unless an earlier test did so."""
    if HIDDEN in words(world.card(ORDERS, holding=HIDDEN)):
        return
    await world.create_databases(HIDDEN)
    dana = world.person(DANA)
    await dana.types(f"/turso token {HIDDEN} --expiration 6h", ORDERS)
    await dana.types(f"/turso freeze {HIDDEN} --reason load", ORDERS, holding=f"*{HIDDEN}* are blocked")
    await world.wait_until_idle()


@pytest.mark.parametrize(
    "line", ["ls", "usage", "audit", "tokens", "requests", "triage orders", "digest now", "alert list", "show users"]
)
async def test_no_command_names_a_database_that_the_channel_may_not_read(world: World, line: str) -> None:
    await used(world)

    answer = words(await world.person(DANA).types(f"/turso {line}"))

    assert "Reference" not in answer, "the command is allowed here"
    assert HIDDEN not in answer


async def test_no_scheduled_digest_names_a_database_that_the_channel_may_not_read(world: World) -> None:
    await used(world)
    before = {one.ts for one in world.workspace.history(DB_OPS, None)}
    await world.person(DANA).types("/turso digest on --daily", holding="igest")

    await world.pass_time(days=1, hours=1)

    posted = await until(
        lambda: [
            one
            for one in world.workspace.history(DB_OPS, None)
            if one.ts not in before and "Turso digest" in words(one)
        ],
        what="the digest",
    )
    assert HIDDEN not in words(posted[-1])

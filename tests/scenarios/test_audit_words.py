"""`/turso audit` says who did what with whose request, and why it was allowed or refused."""

import pytest

from bot.core.requests.request import State
from tests.policies import ACME
from tests.present import present
from tests.scenarios.requesting import make_request, reaches, stored
from tests.world import ANA, DANA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN_POLICY = (
    ACME
    + """\
people: {ana: {user: U0ANA}}
channels:
  C0DBOPS: {databases: ["*"], rules: [{allow: [read, digest]}, {approve: freeze, by: ana}]}
"""
)


async def test_approving_ones_own_request_is_recorded_as_rejected_and_another_persons_as_approved(
    world: World,
) -> None:
    card = await make_request(world, "/turso freeze {} --reason slow")
    name = present((await stored(world, card)).plan.target).name
    await world.person(DANA).presses_and_reads("Approve", card)
    await world.person(ANA).presses_and_reads("Approve", card)
    await reaches(world, card, State.SUCCEEDED)

    page = words(await world.person(DANA).types(f"/turso audit --db {name}", holding="Audit log"))

    own = f"<@{DANA}>'s approval of their own request to freeze `{name}` was rejected: You can't approve"
    assert own in page
    assert f"<@{ANA}> approved <@{DANA}>'s request to freeze `{name}`" in page
    assert f"<@{DANA}>'s request to freeze `{name}` succeeded" in page
    assert f"<@{DANA}> asked to freeze `{name}` (needs approval)" in page
    assert "refused" not in page


async def test_an_operation_that_a_rule_allowed_is_recorded_as_allowed_by_the_rule(world: World) -> None:
    dana = world.person(DANA)
    await dana.types("/turso digest on --daily 9:00", holding="digest")
    await world.wait_until_idle()

    assert f"<@{DANA}> asked to turn the digest on (allowed by a rule)" in words(
        await dana.types("/turso audit", holding="Audit log")
    )

"""The button `Try again` is offered only if it may help, and a request that is already open is answered with a link."""

import pytest

from tests.world import DANA, World, buttons, marked_up, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
DATABASES = "/v1/organizations/acme/databases"


@pytest.mark.parametrize(
    ("status", "helps"), [(401, True), (403, True), (400, False), (409, False), (422, False)], ids=str
)
async def test_try_again_is_offered_unless_the_refusal_is_final(world: World, status: int, helps: bool) -> None:
    fault = world.turso.faults.add("status", method="POST", path=DATABASES, status=status, count=None)

    answer = await world.person(DANA).types(f"/turso create refused-{status}", holding=f"refused-{status}")
    world.turso.faults.remove(fault.id)

    assert ("Try again" in buttons(answer)) is helps, words(answer)


async def test_a_request_that_is_already_open_is_answered_with_a_link(world: World) -> None:
    await world.create_databases("twice")
    dana = world.person(DANA)
    await dana.types("/turso rotate twice --reason leak", holding="twice")

    answer = await dana.types("/turso rotate twice --reason leak", holding="is already open")

    shown = marked_up(answer)
    assert "|Open the card>" in shown
    assert "http" not in answer.text
    assert shown.count("http") == 1

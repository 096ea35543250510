"""The bot's own secrets are refused like tokens if a person pastes them, and are stored nowhere."""

import pytest

from tests.scenarios import forging
from tests.security.canaries import secrets_of_keys
from tests.world import DANA, DB_OPS, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


def stored(world: World, secret: str) -> list[str]:
    """Return the names of the store's files that contain a secret."""
    files = list(world.data.glob("turso-ops.db*"))
    assert files, "there is no store"
    return [one.name for one in files if secret.encode() in one.read_bytes()]


async def test_a_secret_of_the_bot_in_a_line_is_refused_and_not_stored(world: World) -> None:
    assert world.keys is not None
    for secret in secrets_of_keys(world.keys):
        line = f"/turso freeze alpha --reason {secret.value}"
        await world.person(DANA).types(line, holding="looks like a token")
        await world.wait_until_idle()
        assert stored(world, secret.value) == [], secret


async def test_a_secret_of_the_bot_in_a_form_is_an_error_at_its_field(world: World) -> None:
    assert world.keys is not None
    dana = world.person(DANA)
    await world.workspace.say(DANA, DB_OPS, "/turso freeze")
    view = await dana.modal("Reason")
    values = {"arg.name": "alpha", "reason": f"it is {world.keys.signing_secret}"}

    answer = await forging.forge_submission(world, DANA, view.callback_id, view.as_slack()["private_metadata"], values)

    assert "looks like a token" in str(answer.answer)
    assert stored(world, world.keys.signing_secret) == []

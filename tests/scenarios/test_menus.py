"""The menu of databases in a form lists only databases for which the rules may allow the form's command."""

import pytest

from tests.policies import WITH_NAMED_DBA
from tests.scenarios.test_forms import form_of
from tests.world import DANA, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = """
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {deny: ["destroy --now"], databases: ["kept-*"]}
      - {deny: token, databases: ["secret-*"]}
      - {allow: [read, rewind, destroy, "token --read-only"]}
"""
OWN_POLICY = WITH_NAMED_DBA + RULES
KEPT, OPEN, SECRET = "kept", "open", "secret"


@pytest.mark.parametrize(
    ("command", "offered"),
    [
        pytest.param("rewind discard", [OPEN, SECRET], id="it destroys the copy at once"),
        pytest.param("rewind keep", [KEPT, OPEN, SECRET], id="it destroys nothing"),
        pytest.param("destroy", [KEPT, OPEN, SECRET], id="the other variant is allowed"),
        pytest.param("token", [KEPT, OPEN], id="only one variant is allowed"),
        pytest.param("show", [KEPT, OPEN, SECRET], id="it only reads"),
    ],
)
async def test_a_menu_offers_no_database_for_which_the_rules_deny_the_command(
    world: World, command: str, offered: list[str]
) -> None:
    for_this = f"-menu-{command.replace(' ', '-')}"
    await world.create_databases(*(f"{one}{for_this}" for one in (KEPT, OPEN, SECRET)))

    view = await form_of(world, f"/turso {command}", name=command)
    found = await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text=for_this)

    assert sorted(one["value"].removesuffix(for_this) for one in found) == offered
    await world.workspace.close_view(DANA, view.id)

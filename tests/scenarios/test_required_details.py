"""If a rule requires a reason or a ticket, a line without them opens the form instead of making a request."""

import pytest

from tests.policies import WITH_DBA_GROUP
from tests.world import DANA, DB_OPS, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, protect]}
      - {allow: ["token --read-only"], requires: ticket}
      - {approve: [freeze, token], by: dba, requires: [reason, ticket]}
"""
)
REQUIRED: dict[str, set[str]] = {
    "/turso freeze orders": {"Reason", "Ticket"},
    "/turso freeze orders --reason slow": {"Reason", "Ticket"},
    '/turso freeze orders --reason " " --ticket "   "': {"Reason", "Ticket"},
    "/turso freeze orders --reason '\u3164\u2800' --ticket '\u200b'": {"Reason", "Ticket"},
    "/turso freeze": {"Reason", "Ticket"},
    "/turso token orders --read-only": {"Ticket"},
    "/turso protect": set(),
}
"""By line: the inputs that its form requires, out of the reason and the ticket."""


@pytest.mark.parametrize("line", REQUIRED)
async def test_the_form_asks_for_what_the_rule_requires(world: World, line: str) -> None:
    person = world.person(DANA)
    await world.workspace.say(DANA, DB_OPS, line)

    view = await person.modal("Ticket")

    inputs = {block["label"]["text"]: block["optional"] for block in view.blocks if block["type"] == "input"}
    assert {label for label in ("Reason", "Ticket") if not inputs[label]} == REQUIRED[line]
    assert "Break-glass" not in words(view)
    await world.workspace.close_view(DANA, view.id)
    assert not world.changes("PATCH")
    assert not world.changes("POST", "/auth/tokens")


async def test_the_details_from_the_form_are_on_the_card(world: World) -> None:
    person = world.person(DANA)
    await world.workspace.say(DANA, DB_OPS, "/turso freeze users --reason slow")
    view = await person.modal("Ticket")
    await person.submits({"arg.name": "users", "reason": "slow", "ticket": "OPS-7"}, view)

    card = await until(lambda: world.card(holding="OPS-7"))

    assert "slow" in words(card)


async def test_a_complete_line_needs_no_form(world: World) -> None:
    answer = await world.person(DANA).types("/turso token orders --read-only --ticket OPS-8")
    assert "is ready" in words(answer)
    assert not world.workspace.views_of(DANA)


async def test_policy_explain_names_the_required_details(world: World) -> None:
    assert "Required*\nreason and ticket" in words(
        await world.person(DANA).types("/turso policy explain freeze orders")
    )

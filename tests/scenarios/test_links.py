"""Keys of tickets and incidents are links if the policy has a URL for them."""

import pytest

from tests.policies import WITH_DBA_GROUP
from tests.world import BEN, DANA, DB_OPS, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
links:
  ticket: "https://jira.example.com/browse/{key}"
  incident: "https://status.example.com/incidents/{key}"
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, incident]}
      - {allow: freeze, databases: orders}
      - {approve: [freeze], by: dba}
profiles:
  incident: {rules: [{allow: read}]}
"""
)
TICKET = "<https://jira.example.com/browse/OPS-7|OPS-7>"
INCIDENT = "<https://status.example.com/incidents/INC-4|INC-4>"


async def test_a_card_links_its_ticket_before_and_after_the_request_ends(world: World) -> None:
    card = await world.person(DANA).types("/turso freeze users --reason slow --ticket OPS-7", holding="wants to")
    assert TICKET in words(card)

    await world.person(BEN).presses("Approve", card)

    assert TICKET in words(await world.wait_for_content(card, holding="are blocked"))


async def test_a_confirmation_links_its_ticket(world: World) -> None:
    asked = await world.person(DANA).types("/turso freeze orders --ticket OPS-7", holding="Do you want")
    assert TICKET in words(asked)


async def test_an_incident_links_its_key(world: World) -> None:
    person = world.person(DANA)
    assert INCIDENT in words(await person.types("/turso incident start INC-4", DB_OPS, holding="INC-4"))
    assert INCIDENT in words(await person.types("/turso incident status", DB_OPS, holding="Incident"))
    assert INCIDENT in words(await person.types("/turso incident report", DB_OPS, holding="Report"))

"""`Ask again` after an expired request to start an incident from an alert: the new incident shows the alert, too."""

import pytest

from bot.core.alerts import AlertKind
from bot.sandbox.workspace.model import Message
from tests.policies import WITH_DBA_GROUP
from tests.scenarios.alerting import keep_usage_unknown, raised, shown, turn_on
from tests.world import ANA, DANA, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, alert]}
      - {approve: [incident], by: dba, requires: ticket, expires: 30m}
profiles:
  incident:
    rules:
      - {allow: [read, incident]}
"""
)
ALERT = "12 times the usual"


async def waiting_card(world: World) -> Message:
    """Wait for a message with the button Approve, which is the card of the request to start an incident."""
    return await until(
        lambda: next((one for one in world.person(ANA).sees() if "Approve" in buttons(one)), None), what="the card"
    )


async def test_a_repeated_request_has_the_same_ticket_and_its_incident_shows_the_alert(world: World) -> None:
    keep_usage_unknown(world)
    await turn_on(world, DANA, "/turso alert on --spike 5x")
    await raised(world, AlertKind.SPIKE, "orders")
    dana = world.person(DANA)
    await dana.presses("Start incident", await shown(world, ALERT))
    await dana.submits({"ticket": "T-1"}, await dana.modal("Ticket"))
    first = await waiting_card(world)
    await world.pass_time(hours=1)
    first = await world.wait_for_content(first, button="Ask again")

    await dana.presses("Ask again", first)
    again = await waiting_card(world)
    assert "T-1" in words(again)
    await world.person(ANA).presses("Approve", again)

    started = await until(
        lambda: next((one for one in dana.sees() if "End incident" in buttons(one)), None), what="the incident"
    )
    assert ALERT in words(started)

"""The report of an incident covers the requests made in it.

Earlier requests are marked as such, and only their events during the incident are shown.
"""

import pytest

from bot.commands.incidents._markdown import FOREIGN
from bot.sandbox.workspace.model import Message
from tests.incidents import play
from tests.world import BEN, INCIDENT, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
TRIAGE = ":ambulance:"


def lines_about(report: str, name: str) -> list[str]:
    """Return the lines of a report that name a database."""
    return [line.replace("\\", "") for line in report.splitlines() if name in line]


async def test_an_earlier_incidents_request_is_left_out_or_marked(world: World) -> None:
    await world.create_databases("sessions", "ledger", "frost", "own")
    ben, remy = world.person(BEN), world.person(REMY)
    await play.start(remy, "INC-42")
    asked = await remy.types("/turso rotate sessions --reason leak", INCIDENT, holding="sessions")
    await play.approve_typed(ben, asked, "sessions")
    await until(lambda: ("POST", "/sessions/auth/rotate") in play.changed(world), what="the rotation")
    await remy.types("/turso rotate ledger --reason leak", INCIDENT, holding="ledger")
    await play.freeze(remy, await remy.types("/turso triage frost", INCIDENT, holding=TRIAGE), "frost")
    first = await play.end(remy, "INC-42")
    assert {"Thaw frost", "Deny"} <= set(buttons(first))

    await play.start(remy, "INC-43")
    status = await remy.types("/turso incident", INCIDENT, holding="started just now")
    assert "There are no open items" in words(status)
    await world.pass_time(minutes=31)
    await until(
        lambda: world.card(INCIDENT, holding="freeze on `frost` has ended"), what="the end of the earlier freeze"
    )
    await play.freeze(remy, await remy.types("/turso triage own", INCIDENT, holding=TRIAGE), "own")
    refused = await remy.presses_and_reads("Approve", open_card(world))
    assert "your own request" in words(refused)
    last = await play.end(remy, "INC-43")

    earlier, report = play.report(world, "INC-42"), play.report(world, "INC-43")
    assert FOREIGN not in earlier.replace("\\", "")
    assert all(lines_about(earlier, name) for name in ("sessions", "ledger", "frost"))
    assert not [line for name in ("sessions", "ledger") for line in lines_about(report, name)]
    frost, own = lines_about(report, "frost"), lines_about(report, "own ")
    assert len(frost) == 2, "the freeze and its thaw"
    assert all(FOREIGN in line for line in frost)
    assert own
    assert not [line for line in own if FOREIGN in line]
    assert "Thaw own" in buttons(last)
    assert not {"Thaw frost", "Withdraw"} & set(buttons(last))


def open_card(world: World) -> Message:
    """Return the card of the earlier request that is still open."""
    card = world.card(INCIDENT, holding="<@U0REMY> wants to")
    assert card is not None
    return card

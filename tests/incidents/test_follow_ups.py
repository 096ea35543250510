"""The buttons for an incident's open items affect only those items, and nothing that was placed or created since."""

from datetime import timedelta

import pytest

from bot.core.records.holds import HoldKind
from bot.sandbox.workspace.model import Message
from tests.incidents import play
from tests.policies import ACME
from tests.scenarios import quarantines as q
from tests.world import ANA, INCIDENT, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    ACME
    + """\
people:
  dba: {users: [U0ANA]}
  responders: {users: [U0BEN, U0REMY]}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {allow: [freeze, thaw], to: dba, confirm: none}
incidents:
  to: responders
  databases: ["*"]
profiles:
  incident:
    rules:
      - {allow: [incident, read, freeze, thaw, token, rotate, branch, destroy, rewind], to: responders, confirm: none}
"""
)


async def left_open(world: World, key: str, *lines: str) -> Message:
    """Run an incident in which some lines are typed, and return its last message, which lists the open items."""
    remy = world.person(REMY)
    await play.start(remy, key)
    for line in lines:
        await world.workspace.say(REMY, INCIDENT, f"/turso {line}")
        await world.wait_until_idle()
    return await play.end(remy, key)


async def test_thawing_the_freeze_of_an_incident_keeps_a_later_freeze_of_another_person(world: World) -> None:
    await world.create_databases("alpha")
    end = await left_open(world, "INC-1", "freeze alpha --for 3h --reason load")
    await world.person(ANA).types("/turso freeze alpha --reads --reason forensics")
    await world.wait_until_idle()
    assert len(await q.holds(world, "alpha")) == 2

    await world.person(REMY).presses("Thaw alpha", end)

    message = await until(lambda: world.card(INCIDENT, holding="The freeze on *alpha* has ended"), what="the thaw")
    assert "reads and writes are still blocked" in words(message)
    await world.wait_until_idle()
    assert await q.configuration(world, "alpha") == (True, True)
    (left,) = await q.holds(world, "alpha")
    assert (left.kind, left.block_reads, left.channel_id) == (HoldKind.FREEZE, True, "C0DBOPS")
    again = await world.person(REMY).presses_and_reads("Thaw alpha", end)
    assert "nothing to thaw" in words(again)
    await world.pass_time(hours=4)
    await world.wait_until_idle()
    assert await q.configuration(world, "alpha") == (True, True), "its timer is deleted too"


async def test_thawing_the_freeze_of_an_incident_unblocks_the_database(world: World) -> None:
    await world.create_databases("bravo")
    end = await left_open(world, "INC-2", "freeze bravo --for 3h --reason load")
    await q.configuration(world, "bravo", block_reads=True)

    await world.person(REMY).presses("Thaw bravo", end)

    message = await until(lambda: world.card(INCIDENT, holding="The freeze on *bravo* has ended"), what="the thaw")
    assert "reads are still blocked" in words(message), "others have blocked reads since"
    assert await q.configuration(world, "bravo") == (True, False)
    await world.wait_until_idle()
    assert not await q.holds(world, "bravo")


async def test_buttons_about_a_database_do_not_affect_another_with_its_name(world: World) -> None:
    await world.create_databases("charlie")
    end = await left_open(world, "INC-3", "freeze charlie --for 3h --reason load", "token charlie --read-only")
    assert {"Thaw charlie", "Rotate charlie"} <= set(buttons(end))
    await q.call_turso(world, "DELETE", "charlie")
    await world.create_databases("charlie")
    await q.configuration(world, "charlie", block_writes=True)
    before = len(world.changes("POST", "/charlie/auth/rotate"))

    for label in ("Thaw charlie", "Rotate charlie"):
        refused = await world.person(REMY).presses_and_reads(label, end)
        assert "belongs to a different database" in words(refused), label

    await world.wait_until_idle()
    assert await q.configuration(world, "charlie") == (False, True)
    assert len(world.changes("POST", "/charlie/auth/rotate")) == before


async def test_destroy_now_settles_a_branch_that_an_incident_left(world: World) -> None:
    """The ended incident's rules still allow this, both when the button is pressed and when the request starts."""
    assert world.bot is not None
    await world.create_databases("copied")
    await left_open(world, "INC-7", "branch copied copied-b --for 2d")
    await world.pass_time(days=1, minutes=1)
    message = await until(lambda: world.card(INCIDENT, holding="the branch `copied-b`"), what="the announcement")

    await world.person(REMY).presses("Destroy now", message)

    await until(lambda: world.card(INCIDENT, holding="*copied-b* is in quarantine"), what="the quarantine")


@pytest.mark.parametrize(("label", "says"), [("Discard", "was destroyed"), ("Keep as a branch", "is kept")])
async def test_a_copy_that_an_incident_left_undecided_can_be_settled(world: World, label: str, says: str) -> None:
    name = f"wait-{label.split()[0].lower()}"
    await world.create_databases(name)
    made = world.turso.clock.now()
    await until(lambda: world.turso.clock.now() - made > timedelta(seconds=2), what="a moment to go back to")
    end = await left_open(world, f"INC-{name}", f"rewind {name} --to 1s ago")
    assert f"a rewind copy of `{name}`" in words(end)
    assert "Switch" not in buttons(end), "the permissions of the incident have ended"

    await world.person(REMY).presses(label, end)

    await until(lambda: world.card(INCIDENT, holding=says), what="the outcome")
    await world.wait_until_idle()
    again = await world.person(REMY).presses_and_reads(label, end)
    assert "nothing left to decide" in words(again)
    typed = await world.person(REMY).types(f"/turso rewind keep {name}", INCIDENT, holding="no rules for this channel")
    assert "nothing left to decide" not in words(typed), "only the button still works after the incident"

"""Everything that was requested, refused, decided, done, revealed or undone is in the audit log, with the person."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.core.records.audit_entry import AuditEntry
from bot.core.requests.request import State
from tests.http import local_client
from tests.policies import WITH_DBA_GROUP
from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.security.stage import be_patient
from tests.world import ANA, BEN, DANA, GIL, ORDERS, REMY, STELLA, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

POLICY = (
    WITH_DBA_GROUP
    + """\
  responders: {usergroup: S0RESPOND}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, "token --read-only"]}
      - {approve: token, by: dba, confirm: none, expires: 40s}
      - {approve: [rotate, destroy], by: dba, confirm: none, countdown: 1h}
      - {allow: [freeze], to: responders, confirm: button}
      - {break_glass: protect, to: responders, review_by: dba}
  C0ORDERS:
    databases: ["orders*"]
    rules: [{allow: read}]
"""
)
NAMES = ("asked", "rotated", "full", "expired", "left", "frozen", "doomed", "saved", "broken", "stale", "spoiled")
TIMER = "timer"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def log(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[AuditEntry]]:
    """Yield the entries of the audit log after each kind of event has happened."""
    data = tmp_path_factory.mktemp("world")
    (data / "policy.yaml").write_text(POLICY)
    async with checked_sandbox(data, policy=data / "policy.yaml") as world:
        be_patient(world)
        await world.create_databases(*NAMES)
        for part in (_refusals, _approvals, _tokens, _operations):
            await part(world)
        await _time_passes(world)
        assert world.bot is not None
        await world.wait_until_idle()
        page = await world.bot.store.audit.page(before_seq=None, limit=500)
        yield [one for _, one in reversed(page)]


async def _refusals(world: World) -> None:
    remy, dana = world.person(REMY), world.person(DANA)
    await dana.types("/turso show asked")
    await dana.types("/turso rotate asked", ORDERS)
    card = await dana.types("/turso rotate asked --reason leak --ticket OPS-1")
    await dana.presses_and_reads("Approve", card)
    await remy.presses_and_reads("Deny", card)
    for outsider in (GIL, STELLA):
        await forging.forge_press(world, outsider, "Approve", card)
    request = buttons(card)["Approve"]["value"]
    typed = forging.forge_submission(world, REMY, "approval.type_name", request, {"typed_name": "asked"})
    await forging.answer_to(world, REMY, typed, holding="aren't a")
    await remy.types("/turso thaw asked")
    await dana.types("/turso rotate asked --dry-run")


async def _approvals(world: World) -> None:
    dana, ana = world.person(DANA), world.person(ANA)
    denied = await dana.types("/turso db destroy saved --reason cleaning")
    await ana.presses("Deny", denied)
    await ana.submits({"comment": "still in use"})
    await until(lambda: "Denied" in words(world.current(denied)), what="the denial")
    withdrawn = await dana.types("/turso db destroy left --reason cleaning")
    await dana.presses_and_reads("Withdraw", withdrawn)
    card = await dana.types("/turso rotate rotated --reason leak")
    await world.person(BEN).presses_and_reads("Approve", card)
    await until(lambda: world.card(holding="*rotated* · Old tokens no longer work"), what="the rotation")
    stale = await dana.types("/turso rotate stale --reason leak")
    assert world.bot is not None
    await _replace(world, "stale")
    await ana.presses_and_reads("Approve", stale)
    await until(lambda: "now belongs to a different database" in words(world.current(stale)), what="staleness")


async def _replace(world: World, name: str) -> None:
    """Destroy a database and create another with the same name, without the bot."""
    assert world.keys is not None
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    async with local_client(base_url=world.url, headers=headers) as http:
        assert (await http.delete(f"/v1/organizations/acme/databases/{name}")).status_code == 200
    await world.create_databases(name)


async def _tokens(world: World) -> None:
    dana, ana = world.person(DANA), world.person(ANA)
    await dana.types("/turso token asked --read-only")
    card = await dana.types("/turso token full --reason migration")
    await ana.presses_and_reads("Approve", card)
    ready = await world.wait_for_content(card, button="Reveal")
    await ana.presses_and_reads("Reveal", ready)
    await dana.presses_and_reads("Reveal", ready)
    path = "*/databases/spoiled/auth/tokens"
    world.turso.faults.add("status", method="POST", path=path, status=500)
    await dana.types("/turso token spoiled --read-only")


async def _operations(world: World) -> None:
    dana, ana, remy = world.person(DANA), world.person(ANA), world.person(REMY)
    asked = await remy.types("/turso db freeze frozen --for 2m --reason spike")
    await remy.presses(next(label for label in buttons(asked) if label != "Cancel"), asked)
    await until(lambda: world.card(holding="*frozen* are blocked"), what="the freeze")
    for name in ("doomed", "saved"):
        card = await dana.types(f"/turso db destroy {name} --reason cleaning")
        await ana.presses_and_reads("Approve", card)
        await world.wait_for_content(card, button="Undo")
        if name == "saved":
            await world.person(BEN).presses_and_reads("Undo", world.current(card))
            await until(lambda: world.card(holding="*saved* was restored"), what="the Undo")
    loud = await remy.types("/turso db protect broken on --reason now")
    loud = await world.wait_for_content(loud, button="Review")
    await ana.presses("Review", loud)
    await ana.submits({"verdict": "yes", "comment": "it was right"})
    await until(lambda: "justified" in words(world.current(loud)), what="the review")


async def _time_passes(world: World) -> None:
    await world.person(DANA).types("/turso token expired --reason later")
    await world.pass_time(minutes=3)
    await until(lambda: world.card(holding="The freeze on `frozen` has ended"), what="the thaw")
    await until(lambda: world.card(holding="No one approved or denied it in time"), what="the expiry")
    await world.pass_time(hours=2)
    await until(lambda: world.card(holding="*doomed* was destroyed"), what="the end of the countdown")


def _said(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry's fields and details by name. `about` is its first database, which is the target of a request."""
    about = entry.databases[0] if entry.databases else ""
    return {**{name: getattr(entry, name) for name in AuditEntry.__slots__}, **entry.detail, "about": about}


EVENTS: dict[str, dict[str, Any]] = {
    "a request": {"event": "asked", "outcome": "pending", "user_id": DANA, "command": "rotate", "ticket": "OPS-1"},
    "a read": {"event": "read", "outcome": "allowed", "user_id": DANA, "command": "show", "about": "asked"},
    "a dry run": {"event": "planned", "outcome": "dry_run", "user_id": DANA, "command": "rotate"},
    "a refused command": {"event": "refused", "user_id": DANA, "channel_id": ORDERS, "command": "rotate"},
    "a refused command of a responder": {"event": "refused", "user_id": REMY, "command": "thaw"},
    "a refused approval by the requester": {"event": "refused", "user_id": DANA, "press": "approval.approve"},
    "a refused click": {"event": "refused", "user_id": REMY, "press": "approval.deny", "asker": DANA},
    "a guest's refused click": {"event": "refused", "user_id": GIL, "press": "approval.approve", "asker": DANA},
    "an outsider's refused click": {"event": "refused", "user_id": STELLA, "press": "approval.approve", "asker": DANA},
    "a refused form": {"event": "refused", "user_id": REMY, "press": "approval.type_name"},
    "a vote": {"event": "approved", "outcome": "vote", "user_id": BEN, "asker": DANA, "about": "rotated"},
    "a denial": {"event": "denied", "user_id": ANA, "asker": DANA, "about": "saved", "comment": "still in use"},
    "a withdrawal": {"event": "withdrawn", "outcome": "cancelled", "user_id": DANA, "about": "left"},
    "an expiry": {"event": "expired", "user_id": TIMER, "asker": DANA, "about": "expired"},
    "a rotation": {"event": "executed", "outcome": "succeeded", "user_id": DANA, "about": "rotated"},
    "the test of the old tokens": {"event": "proof", "user_id": TIMER, "asker": DANA, "about": "rotated"},
    "a stale request": {"event": "stale", "outcome": "stale", "user_id": DANA, "about": "stale"},
    "a reveal": {"event": "revealed", "outcome": "succeeded", "user_id": DANA, "about": "full"},
    "a refused reveal by another person": {"event": "refused", "user_id": ANA, "press": "token.reveal", "asker": DANA},
    "a reveal that may have failed": {"event": "reveal", "outcome": "unknown", "user_id": DANA, "about": "spoiled"},
    "a confirmation": {"event": "confirmed", "user_id": REMY, "command": "freeze", "about": "frozen"},
    "a freeze": {"event": "executed", "outcome": "succeeded", "user_id": REMY, "about": "frozen"},
    "the thaw by the timer": {"event": "thawed", "user_id": TIMER, "asker": REMY, "about": "frozen"},
    "a quarantine": {"event": "executed", "outcome": State.QUARANTINED, "user_id": DANA, "about": "doomed"},
    "an Undo": {"event": "undo", "outcome": "asked", "user_id": BEN, "asker": DANA, "about": "saved"},
    "the result of the Undo": {"event": "undone", "outcome": State.RESTORED, "user_id": DANA, "about": "saved"},
    "the end of a countdown": {"event": "finished", "outcome": "succeeded", "user_id": DANA, "about": "doomed"},
    "a break-glass operation": {"event": "executed", "outcome": "succeeded", "user_id": REMY, "about": "broken"},
    "a review": {"event": "reviewed", "outcome": "justified", "user_id": ANA, "asker": REMY, "comment": "it was right"},
}


@pytest.mark.parametrize("wanted", EVENTS.values(), ids=EVENTS.keys())
async def test_each_event_is_in_the_audit_log_with_its_person(log: list[AuditEntry], wanted: dict[str, Any]) -> None:
    fits = [one for one in log if all(_said(one).get(name) == value for name, value in wanted.items())]

    assert fits, "\n".join(f"{one.event} {one.outcome} {one.user_id} {one.command} {one.databases}" for one in log)
    assert all(one.policy_hash and one.organization in ("acme", "") for one in fits)


async def test_every_refusal_says_why_and_by_which_policy(log: list[AuditEntry]) -> None:
    refused = [one for one in log if one.event == "refused"]

    assert len(refused) == sum(wanted["event"] == "refused" for wanted in EVENTS.values())
    assert all(one.reason and one.policy_hash and one.user_id and one.channel_id for one in refused)


async def test_operations_without_approval_were_not_carried_out(log: list[AuditEntry]) -> None:
    assert [one.event for one in log if _said(one)["about"] == "left"] == ["asked", "withdrawn"]
    rotations = [_said(one)["about"] for one in log if one.event == "executed" and one.command == "rotate"]
    assert rotations == ["rotated"]

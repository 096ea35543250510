"""A whole incident over signed requests. The timeline and the audit log match the local Turso's call log."""

import re

import pytest

from bot.sandbox.workspace.model import Message
from tests.incidents import play
from tests.world import ANA, BEN, DANA, DB_OPS, INCIDENT, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_whole_incident_from_the_start_to_the_report(world: World) -> None:
    await world.create_databases("checkout", "checkout-old", "sessions")
    world.turso.calls.clear()
    ana, ben, remy = (world.person(one) for one in (ANA, BEN, REMY))

    begun = await play.start(remy, "INC-42")

    # The triage card, and a freeze with its button.
    card = await remy.types("/turso triage checkout", INCIDENT)
    assert {"Freeze writes 30 min", "Read-only token", "Rotate tokens", "Rewind", "Refresh"} == play.pressable(card)
    assert "timeline" in words(card)
    frozen = await play.freeze(remy, card, "checkout")
    assert frozen.thread_ts == begun.ts

    # A rotation that another responder approves.
    asked = await remy.types('/turso rotate sessions --reason "leaked in a log"', INCIDENT)
    assert asked.thread_ts == begun.ts
    await play.approve_typed(ben, asked, "sessions")
    await world.wait_for_content(asked, holding="*sessions* · Old tokens no longer work")
    await world.wait_until_idle()

    # A token for the responder alone. The timeline says that it was created.
    shown = await remy.presses_and_reads("Read-only token", card)
    assert "eyJ" in words(shown)
    noted = await until(lambda: world.card(INCIDENT, holding="shown to the requester"), what="the line in the timeline")
    assert noted.thread_ts == begun.ts
    await world.wait_until_idle()

    # Break-glass: at once, with a typed reason, announced, and reviewed by another person.
    await world.workspace.say(ANA, INCIDENT, "/turso db destroy checkout-old --now")
    form = await ana.modal("without approval")
    assert not world.changes("DELETE"), "without a reason it is refused"
    await ana.submits({"reason": "it floods the primary", "common": []}, form)
    loud = await until(
        lambda: world.card(INCIDENT, holding="*checkout-old* was destroyed"), what="the break-glass card"
    )
    assert loud.thread_ts is None, "posted in the channel, not in a thread"
    assert "it floods the primary" in words(loud)
    assert "<!subteam^S0DBA>" in words(loud)
    direct = world.workspace.state.direct_channel(BEN).id
    await until(
        lambda: world.card(direct, holding="checkout-old"), what="the notice to the people whom the rule notifies"
    )
    await world.wait_until_idle()
    refused = await ana.presses_and_reads("Review", loud)
    assert "You can't review your own break-glass operation" in words(refused)

    # The end, with a frozen database, an active token and a pending review.
    last = await play.end(remy, "INC-42")
    assert {"Thaw checkout", "Rotate checkout", "Review"} == play.pressable(last)

    await timeline_matches_the_call_log(world)
    await permissions_no_longer_apply(world)
    await open_items_can_be_settled(world, last)


async def timeline_matches_the_call_log(world: World) -> None:
    """Assert that the timeline and the audit log have the changes sent to Turso, in the same order, and no others."""
    changed = play.changed(world)
    rotated = changed.index(("POST", "/sessions/auth/rotate"))
    assert all(path.endswith("/auth/tokens") for _, path in changed[rotated - 2 : rotated]), "the probe tokens"
    assert changed[: rotated - 2] + changed[rotated:] == [
        ("PATCH", "/checkout/configuration"),
        ("POST", "/sessions/auth/rotate"),
        ("POST", "/checkout/auth/tokens"),
        ("DELETE", "/checkout-old"),
    ]
    done = {"executed freeze", "revealed token", "executed rotate", "executed destroy"}
    entries = await play.audit(world)
    operations = [(f"{one.event} {one.command}", (*one.databases, "")[0], one.outcome) for one in entries]
    assert [one for one in operations if one[0] in done] == [
        ("executed freeze", "checkout", "succeeded"),
        ("executed rotate", "sessions", "succeeded"),
        ("revealed token", "checkout", "succeeded"),
        ("executed destroy", "checkout-old", "succeeded"),
    ]
    text = play.report(world, "INC-42")
    events = text.split("## Timeline")[1]
    wanted = (
        "remy asked to freeze checkout (waiting for their confirmation)",
        "remy's request to freeze checkout succeeded",
        "ben approved remy's request to revoke all tokens for sessions",
        "remy's request to revoke all tokens for sessions",
        "remy revealed a token for checkout",
        "ana used break-glass access to destroy checkout-old",
        "ana's request to destroy checkout-old succeeded",
    )
    assert [one for one in wanted if one not in events.replace("\\", "")] == [], events
    assert re.search(".*".join(re.escape(one) for one in wanted), events.replace("\\", ""), re.DOTALL)
    rows = [line for line in text.split("## Timeline")[0].splitlines() if line.startswith("| 2")]
    assert len(rows) == 4
    assert "approved by ben" in rows[1]
    assert "leaked in a log" in rows[1]
    assert "break-glass; not reviewed yet" in rows[3]
    assert "eyJ" not in text
    assert "- Channel: #inc-checkout\n" in text


async def permissions_no_longer_apply(world: World) -> None:
    """Assert that commands that the profile allowed are refused to a responder after the end."""
    for line in ("freeze sessions", "thaw checkout", "token sessions --read-only", "ls", "triage checkout"):
        answer = await world.person(REMY).types(f"/turso {line}", INCIDENT)
        assert answer.only_for == REMY
        assert "no rules for this channel" in words(answer), line


async def open_items_can_be_settled(world: World, last: Message) -> None:
    """Assert that each button of the last message still works, for those whom the profile allowed to use it."""
    ben, dana, remy = (world.person(one) for one in (BEN, DANA, REMY))
    for label, why in (("Thaw checkout", "Only responders can use"), ("Review", "aren't a reviewer for this")):
        refused = await dana.presses_and_reads(label, last)
        assert why in words(refused), words(refused)

    question = await remy.presses_and_reads("Thaw checkout", last)
    await remy.presses("Thaw", question)
    await until(lambda: world.card(INCIDENT, holding="*checkout* is unblocked"), what="the thaw")
    assert not await play.blocked(world, "checkout")
    await world.wait_until_idle()
    again = await remy.presses_and_reads("Thaw checkout", last)
    assert "nothing to thaw" in words(again)

    await remy.presses("Rotate checkout", last)
    asked = await until(
        lambda: world.card(INCIDENT, holding="wants to revoke all tokens for `checkout`"), what="the rotation's card"
    )
    await play.approve_typed(ben, asked, "checkout")
    await until(lambda: ("POST", "/checkout/auth/rotate") in play.changed(world), what="the rotation")
    await world.wait_until_idle()
    gone = await remy.presses_and_reads("Rotate checkout", last)
    assert "no longer works" in words(gone)

    await remy.presses("Review", last)
    view = await remy.modal("Done without approval")
    before = {one.ts for one in remy.sees(INCIDENT)}
    await remy.submits({"verdict": "yes", "comment": "it had to go"}, view)
    assert "Review recorded: justified" in words(await remy.reads_answer(INCIDENT, before))
    card = await until(lambda: world.card(INCIDENT, holding="Reviewed by"), what="the review on the card")
    assert "it had to go" in words(card)
    assert "Review" not in buttons(card)
    reviewed = [one for one in await play.audit(world) if one.event == "reviewed"]
    assert [(one.user_id, one.outcome) for one in reviewed] == [(REMY, "justified")]
    shown = words(await remy.types("/turso audit --db checkout-old", DB_OPS, holding="Audit log"))
    assert "(break-glass): justified “it had to go”" in shown, "the reviewer's comment, not the requester's reason"

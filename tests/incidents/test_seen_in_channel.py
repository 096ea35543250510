"""A change during an incident is shown in the channel and on the triage card. A private one is not shown to others."""

import pytest

from bot.sandbox.running import POLICY
from bot.sandbox.workspace.model import Message
from tests.incidents import play
from tests.world import ANA, BEN, DB_OPS, INCIDENT, REMY, World, buttons, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = POLICY.read_text()


async def test_every_change_from_the_press_to_the_end_is_visible_in_the_channel(world: World) -> None:
    await world.create_databases("checkout")
    remy = world.person(REMY)
    begun = await play.start(remy, "INC-31")
    card = await remy.types("/turso triage checkout", INCIDENT, holding=":ambulance:")
    assert "Freeze writes 30 min" in buttons(card)

    frozen = await play.freeze(remy, card, "checkout")

    assert (frozen.thread_ts, frozen.reply_broadcast) == (begun.ts, True)
    note = await until(
        lambda: next((one for one in remy.sees(INCIDENT) if one.only_for and "is frozen until" in words(one)), None),
        what="the private note",
    )
    assert "Thaw" in buttons(note)
    assert "Timeline" in words(note)
    private = [one for one in remy.sees(INCIDENT) if one.only_for]
    assert not [one for one in private if "The outcome will appear here" in words(one)], "the outcome replaced the note"
    fresh = await world.wait_for_content(card, holding="writes blocked")
    assert "Thaw" in buttons(fresh)
    assert "Freeze writes 30 min" not in buttons(fresh), "the card is updated without Refresh"

    last = await play.end(remy, "INC-31")

    assert (last.thread_ts, last.reply_broadcast) == (begun.ts, True)
    shared = [one for one in world.workspace.history(INCIDENT, None) if one.files]
    assert [one.thread_ts for one in shared] == [None], "the report"


async def test_a_private_change_stays_private(world: World) -> None:
    await world.create_databases("ledger")
    remy = world.person(REMY)
    await play.start(remy, "INC-32")
    question = await remy.types("/turso freeze ledger --private", INCIDENT, holding="ledger")
    await remy.presses("Freeze writes", question)
    await until(
        lambda: [one for one in remy.sees(INCIDENT) if one.only_for and "are blocked" in words(one)],
        what="the private answer",
    )
    await world.wait_until_idle()

    def public() -> list[str]:
        return [words(one) for one in world.workspace.history(INCIDENT, None) if not one.only_for]

    assert not [one for one in public() if "ledger" in one]
    last = await play.end(remy, "INC-32")
    assert not [one for one in public() if "ledger" in one]
    assert "Not shown: 1 item from private requests" in words(last)
    report = play.report(world, "INC-32")
    assert "ledger" not in report
    assert "- Left out: 1 private request\n" in report


@pytest.mark.parametrize("how", ["--private", "the rule"])
async def test_the_report_of_an_incident_that_is_ended_privately_is_only_for_that_person(
    world: World, how: str
) -> None:
    remy, key = world.person(REMY), "INC-33" if how == "--private" else "INC-35"
    await play.start(remy, key)
    if how == "the rule":
        set_policy(world, OWN_POLICY.replace("max_lifetime: 2h}", "max_lifetime: 2h, visibility: ephemeral}"))
    await world.workspace.say(REMY, INCIDENT, f"/turso incident end {how if how == '--private' else ''}")

    def reports(channel_id: str, reader: str | None) -> list[str]:
        files = [file for one in world.workspace.history(channel_id, reader) for file in one.files]
        return [file["name"] for file in files if file["name"] == f"{key}.md"]

    own = world.workspace.state.direct_channel(REMY).id
    await until(lambda: reports(own, REMY), what="the report")
    await world.wait_until_idle()
    set_policy(world, OWN_POLICY)
    assert reports(INCIDENT, None) == []
    assert not [one for one in world.workspace.history(INCIDENT, None) if f"*{key}* ended. Incident" in words(one)]


async def test_the_end_of_an_incident_that_was_started_privately_is_not_posted_in_the_channel(world: World) -> None:
    remy = world.person(REMY)
    await remy.types("/turso incident start INC-34 --for 1h --private", INCIDENT, holding="INC-34")
    await world.wait_until_idle()

    await world.pass_time(minutes=61)

    own = world.workspace.state.direct_channel(REMY).id

    def shared() -> list[str]:
        return [file["name"] for one in world.workspace.history(own, REMY) for file in one.files]

    await until(lambda: "INC-34.md" in shared(), what="the report")
    await world.wait_until_idle()
    public = [one for one in world.workspace.history(INCIDENT, None) if not one.only_for]
    assert not [
        one for one in public if "INC-34" in words(one) or [file for file in one.files if file["name"] == "INC-34.md"]
    ]
    assert [one for one in remy.sees(INCIDENT) if one.only_for and "*INC-34* ended because" in words(one)]


async def test_a_change_from_another_channel_is_shown_on_the_card_as_well(world: World) -> None:
    await world.create_databases("elsewhere")
    await play.start(world.person(REMY), "INC-36")
    card = await world.person(BEN).types("/turso triage elsewhere", INCIDENT, holding=":ambulance:")

    question = await world.person(BEN).types(
        "/turso db protect elsewhere on --reason audit", DB_OPS, holding="elsewhere"
    )
    requester_confirms = "Approve" not in buttons(question)
    label = next(one for one in buttons(question) if one not in ("Cancel", "Deny", "Withdraw", "Remind"))
    await world.person(BEN if requester_confirms else ANA).presses(label, question)

    await until(lambda: shows_delete_protection(world, card), what="the card")


def shows_delete_protection(world: World, card: Message) -> bool:
    shown = words(world.current(card))
    return "Delete protection" in shown and shown.split("Delete protection", 1)[1].strip("* \n").startswith("on")

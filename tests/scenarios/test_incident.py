"""An incident from start to report, in a channel that isn't in the policy, and a digest that is sent on schedule."""

import pytest

from tests.world import ANA, BEN, DANA, DB_OPS, INCIDENT, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_changes_and_the_end_of_an_incident_are_in_its_thread_and_its_report_is_shared(world: World) -> None:
    await world.create_databases("checkout")
    remy = world.person(REMY)

    refused = await world.person(DANA).types("/turso incident start INC-42", INCIDENT)
    assert "Only responders" in words(refused)
    started = await remy.types("/turso incident start INC-42 --for 2h", INCIDENT)
    assert "INC-42" in words(started)
    await world.wait_until_idle()

    card = await remy.types("/turso triage checkout", INCIDENT)
    question = await remy.presses_and_reads("Freeze writes 30 min", card)
    await remy.presses("Freeze writes", question)
    frozen = await until(lambda: world.card(INCIDENT, holding="are blocked"), what="the freeze")
    assert frozen.thread_ts == started.ts
    await world.wait_until_idle()

    status = await remy.types("/turso incident", INCIDENT)
    assert "Thaw checkout" in buttons(status)
    await remy.types("/turso incident end", INCIDENT)
    ended = await until(lambda: world.card(INCIDENT, holding="ended. Incident permissions"), what="the end")
    assert "Thaw checkout" in buttons(ended)
    assert ended.thread_ts == started.ts
    await world.wait_until_idle()

    files = world.workspace.state.files
    report = await until(lambda: next((one for one in files.values() if one["shared"]), None), what="the report")
    text = report["content"].decode()
    assert text.startswith("# Incident INC-42\n")
    assert "| remy | freeze | checkout |" in text
    after = await remy.types("/turso freeze checkout", INCIDENT)
    assert "no rules for this channel" in words(after)


async def test_a_scheduled_digest_is_sent_once(world: World) -> None:
    ana = world.person(ANA)
    on = await ana.types("/turso digest on --daily 09:00 --tz UTC")
    assert "every day at 9:00 AM" in words(on)
    await world.wait_until_idle()

    await world.pass_time(days=1, minutes=1)

    digest = await until(lambda: world.card(DB_OPS, holding="Turso digest"), what="the digest", within=40)
    assert "last day" in words(digest)
    await world.wait_until_idle()
    await world.pass_time(minutes=10)
    await world.wait_until_idle()
    posted = [one for one in world.workspace.history(DB_OPS, None) if "Turso digest" in one.text]
    assert len(posted) == 1


async def test_the_permissions_of_an_incident_end_with_the_incident(world: World) -> None:
    ben = world.person(BEN)
    await ben.types("/turso incident start INC-43 --for 1h", INCIDENT)
    await world.wait_until_idle()
    await ben.types("/turso ls", INCIDENT, holding="orders")

    await world.pass_time(hours=1, minutes=1)

    await ben.types("/turso ls", INCIDENT, holding="no rules for this channel")

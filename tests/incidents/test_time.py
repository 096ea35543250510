"""An incident and its permissions end on time, even if no one ends it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.records.audit_entry import TIMER
from tests.incidents import play
from tests.process import Process, local_servers
from tests.world import INCIDENT, REMY, World, buttons, until, words

ENDED = "ended because it reached its time limit"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_when_its_time_is_up_an_incident_ends_as_if_someone_had_ended_it(world: World) -> None:
    await world.create_databases("checkout")
    remy = world.person(REMY)
    begun = await play.start(remy, "INC-7", lasts="1h")
    await remy.types("/turso freeze checkout --for 1d", INCIDENT)
    question = next(one for one in reversed(remy.sees(INCIDENT)) if "Freeze writes" in buttons(one))
    await remy.presses("Freeze writes", question)
    await until(lambda: world.card(INCIDENT, holding="*checkout* are blocked"), what="the freeze")
    await world.wait_until_idle()

    await world.pass_time(minutes=61)

    refused = await remy.types("/turso thaw checkout", INCIDENT)
    assert "no rules for this channel" in words(refused), "the permissions end on time, even before the end is posted"
    last = await until(lambda: world.card(INCIDENT, holding=ENDED), what="the end", within=30)
    assert last.thread_ts == begun.ts
    await until(lambda: play.report(world, "INC-7"), what="the report")
    assert re.search(r"^- Ended: [\d-]+ [\d:]+ UTC at its time limit$", play.report(world, "INC-7"), re.MULTILINE)
    ended = [one for one in await play.audit(world) if one.event == "incident_ended"]
    assert [one.user_id for one in ended] == [TIMER], "the timer ended it"
    question = await remy.presses_and_reads("Thaw checkout", last)
    await remy.presses("Thaw", question)
    await until(lambda: world.card(INCIDENT, holding="*checkout* is unblocked"), what="the thaw")
    assert not await play.blocked(world, "checkout")


async def test_after_a_restart_the_permissions_are_gone_and_the_end_is_reported_once(tmp_path: Path) -> None:
    """The process is killed while the incident runs, and is down when its time ends."""
    clock_file = tmp_path / "clock"
    now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    clock_file.write_text(now.isoformat())
    async with local_servers(tmp_path) as (world, keys):
        process = Process(world, keys, extra={"CLOCK_FILE": str(clock_file)})
        await process.start()
        try:
            remy = world.person(REMY)
            await remy.types("/turso incident start INC-8 --for 1h", INCIDENT)
            await remy.types("/turso ls", INCIDENT, holding="orders")
            await process.kill()
            await process.start()
            await remy.types("/turso ls", INCIDENT, holding="orders")  # a restart alone ends nothing

            await process.kill()
            clock_file.write_text((now + timedelta(minutes=61)).isoformat())
            await process.start()

            await remy.types("/turso ls", INCIDENT, holding="no rules for this channel")
            await until(lambda: world.card(INCIDENT, holding=ENDED), what="the end", within=40)
            await until(lambda: play.report(world, "INC-8"), what="the report")
            messages = [one for one in world.workspace.history(INCIDENT, None) if ENDED in one.text]
            assert len(messages) == 1
        finally:
            await process.stop()

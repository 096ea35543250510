"""Incidents in channels: two in the same channel, renamed and archived channels, and a channel without the bot."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.incidents import play
from tests.world import BEN, DANA, GENERAL, INCIDENT, REMY, SHARED, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def running(world: World) -> AsyncIterator[World]:
    """Yield the world with a running incident in the channel, and end it after the test."""
    await play.start(world.person(REMY), "INC-1")
    yield world
    if world.bot and await world.bot.store.incidents.running_in(INCIDENT):
        await play.end(world.person(REMY), "INC-1")


async def test_the_same_key_again_extends_the_incident(running: World) -> None:
    ben = running.person(BEN)

    await ben.types("/turso incident start INC-1 --for 3h", INCIDENT)

    longer = await until(lambda: running.card(INCIDENT, holding="INC-1* continues"), what="the extension")
    assert longer.thread_ts, "the timeline stays in the same thread"
    assert running.bot is not None
    now = await running.bot.store.incidents.running_in(INCIDENT)
    assert now is not None
    assert now.until - now.started_at >= timedelta(hours=3)
    await ben.types("/turso incident", INCIDENT, holding=f"<!date^{int(now.until.timestamp())}^")


async def test_another_key_in_the_same_channel_is_refused_with_the_running_one(running: World) -> None:
    answer = await running.person(BEN).types("/turso incident start INC-2", INCIDENT)

    assert answer.only_for == BEN
    assert "INC-1" in words(answer)
    assert "is already active in this channel" in words(answer)


async def test_ending_an_incident_in_another_channel_names_the_one_that_this_person_started(running: World) -> None:
    running.workspace.admin.create_channel("C0OTHER", "inc-other", [REMY, BEN, running.workspace.app.bot_user_id])

    mine = await running.person(REMY).types("/turso incident end", "C0OTHER")
    not_mine = await running.person(BEN).types("/turso incident end", "C0OTHER")

    assert "No incident is active in this channel. You started INC-1 in another channel" in words(mine).replace("`", "")
    assert "INC-1" not in words(not_mine)


async def test_only_people_whom_the_policy_names_may_start_an_incident_and_no_one_in_a_shared_channel(
    world: World,
) -> None:
    await world.person(DANA).types("/turso incident start INC-3", INCIDENT, holding="Only responders")
    await world.person(BEN).types("/turso incident start INC-3", SHARED, holding="shared with another organization")

    assert world.bot is not None
    assert await world.bot.store.incidents.running_in(INCIDENT) is None
    assert await world.bot.store.incidents.running_in(SHARED) is None


async def test_where_the_bot_is_not_a_member_it_asks_to_be_invited_and_then_works(world: World) -> None:
    ben = world.person(BEN)
    refused = await ben.types("/turso incident start INC-4", GENERAL)
    assert "Invite me with /invite" in words(refused).replace("`", "")

    await world.workspace.admin.join(world.workspace.app.bot_user_id, GENERAL)

    await play.start(ben, "INC-4", channel=GENERAL)
    await play.end(ben, "INC-4", channel=GENERAL)


async def test_a_renamed_channel_keeps_its_incident(running: World) -> None:
    await running.workspace.admin.rename(INCIDENT, "inc-checkout-2026")

    await running.person(BEN).types("/turso incident", INCIDENT, holding="started just now")
    await running.person(BEN).types("/turso ls", INCIDENT, holding="orders")


async def test_in_an_archived_channel_the_end_is_sent_to_the_person_who_started_it(world: World) -> None:
    world.workspace.admin.create_channel("C0DONE", "inc-done", [REMY, world.workspace.app.bot_user_id])
    remy = world.person(REMY)
    await play.start(remy, "INC-5", lasts="1h", channel="C0DONE")
    await world.workspace.admin.archive("C0DONE", REMY)

    await world.pass_time(hours=1, minutes=1)

    direct = world.workspace.state.direct_channel(REMY).id
    message = await until(lambda: world.card(direct, holding="INC-5"), what="the end, in private", within=30)
    assert "ended because it reached its time limit" in words(message)
    assert "There are no open items" in words(message)

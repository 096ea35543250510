"""Times that a person types: in their time zone, or relative to the start of an incident in their channel."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.commands._moments import time_of
from bot.core.parsing.moments import Moment
from bot.errors import BadInput
from tests.commands.conftest import NOW, Desk
from tests.commands.test_incidents import WITH_INCIDENTS


async def moment(desk: Desk, text: str, channel: str = "C0DBOPS") -> datetime:
    ctx = desk.context(channel=channel)
    subject = replace(ctx.subject, person=replace(ctx.subject.person, tz="Europe/Berlin"))
    return await time_of(replace(ctx, subject=subject), Moment.of(text))


async def test_a_time_is_read_in_the_time_zone_of_the_persons_profile(desk: Desk) -> None:
    assert await moment(desk, "12:30") == NOW.replace(hour=11, minute=30)
    assert await moment(desk, "15m ago") == NOW - timedelta(minutes=15)


async def test_before_an_incident_means_its_start_in_this_channel(desk: Desk) -> None:
    desk.policy = WITH_INCIDENTS
    await desk.carry_out("incident start INC-42", channel="C0DBOPS")
    desk.now = NOW + timedelta(hours=1)
    await desk.carry_out("incident end", channel="C0DBOPS")
    desk.now = NOW + timedelta(hours=2)
    await desk.carry_out("incident start INC-43", channel="C0DBOPS")

    assert await moment(desk, "before inc-42") == NOW
    with pytest.raises(BadInput, match="No incident `INC-44` was started in this channel"):
        await moment(desk, "before INC-44")
    with pytest.raises(BadInput, match="No incident `INC-42` was started in this channel"):
        await moment(desk, "before INC-42", channel="C0ORDERS")

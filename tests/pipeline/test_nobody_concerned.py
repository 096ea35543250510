"""An end that concerns nobody, as the alarm of a rule that notifies nobody, is no end that nobody was told of."""

from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.pipeline.outcomes.delivery import Notice, notify_each

pytestmark = pytest.mark.asyncio


async def test_that_nobody_is_concerned_is_no_error() -> None:
    notice = Notice("r-1", "alarm", reply(mrkdwn("Break-glass"), []), people=(), channel_id="C0DBOPS")
    with capture_logs() as lines:
        await notify_each(cast(Any, None), notice)
    assert lines == []

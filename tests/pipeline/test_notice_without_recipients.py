"""A notice that concerns no one, such as an alarm of a rule without `notify`, isn't logged as undelivered."""

from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.pipeline.outcomes.delivery import Notice, notify_each

pytestmark = pytest.mark.asyncio


async def test_a_notice_without_recipients_is_not_an_error() -> None:
    notice = Notice("r-1", "alarm", reply(mrkdwn("Break-glass"), []), people=(), channel_id="C0DBOPS")
    with capture_logs() as lines:
        await notify_each(cast(Any, None), notice)
    assert lines == []

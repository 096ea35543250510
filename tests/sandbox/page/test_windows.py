"""A browser window misses no event between the rendering of its page and the start of its event stream."""

from __future__ import annotations

import pytest

from bot.sandbox.page import windows
from bot.sandbox.page.windows import Windows
from bot.sandbox.workspace import Workspace


async def test_a_stream_includes_events_from_before_it_connected(workspace: Workspace) -> None:
    watching = Windows(workspace)
    name = watching.open("U0DANA")
    await workspace.say("U0ANA", "C0DBOPS", "In between")
    feed, complete = watching.claim(name, "U0DANA")
    assert complete
    change = await anext(feed)
    assert change.message is not None
    assert change.message.text == "In between"


async def test_a_stream_that_reconnects_learns_that_it_missed_events(workspace: Workspace) -> None:
    watching = Windows(workspace)
    name = watching.open("U0DANA")
    watching.claim(name, "U0DANA")
    assert watching.claim(name, "U0DANA")[1] is False
    assert watching.claim("never-opened", "U0DANA")[1] is False


async def test_no_one_gets_another_persons_feed(workspace: Workspace) -> None:
    watching = Windows(workspace)
    name = watching.open("U0DANA")
    assert watching.claim(name, "U0ANA")[1] is False


async def test_unclaimed_feeds_are_dropped(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Windows(workspace)
    name = watching.open("U0DANA")
    monkeypatch.setattr(windows, "_WAITING_SECONDS", -1.0)
    watching.open("U0DANA")
    assert watching.claim(name, "U0DANA")[1] is False

"""Windows miss nothing between the drawing of their page and the start of their stream."""

from __future__ import annotations

import pytest

from bot.sandbox.page import windows
from bot.sandbox.page.windows import Windows
from bot.sandbox.workspace import Workspace


async def test_what_happens_before_the_stream_connects_is_in_it(workspace: Workspace) -> None:
    watching = Windows(workspace)
    name = watching.open("U0DANA")
    await workspace.say("U0ANA", "C0DBOPS", "In between")
    feed, complete = watching.claim(name, "U0DANA")
    assert complete
    change = await anext(feed)
    assert change.message is not None
    assert change.message.text == "In between"


async def test_a_stream_that_comes_again_is_told_that_it_missed_something(workspace: Workspace) -> None:
    watching = Windows(workspace)
    name = watching.open("U0DANA")
    watching.claim(name, "U0DANA")
    assert watching.claim(name, "U0DANA")[1] is False
    assert watching.claim("never-opened", "U0DANA")[1] is False


async def test_nobody_takes_the_feed_of_somebody_else(workspace: Workspace) -> None:
    watching = Windows(workspace)
    name = watching.open("U0DANA")
    assert watching.claim(name, "U0ANA")[1] is False


async def test_feeds_that_nobody_claims_are_given_up(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Windows(workspace)
    name = watching.open("U0DANA")
    monkeypatch.setattr(windows, "_WAITING_SECONDS", -1.0)
    watching.open("U0DANA")
    assert watching.claim(name, "U0DANA")[1] is False

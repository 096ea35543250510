"""A press that changes nothing isn't stored, so if the process stops in the middle, the person is told to try again."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.core.model import Subject
from bot.core.ports import Work
from bot.pipeline.dispatch.dispatcher import Dispatcher
from tests.crash.ports import Directory
from tests.pipeline.in_memory import DANA, Pipeline
from tests.present import present


@pytest.mark.parametrize("action_id", ["review.open", "form.open.freeze", "no.such.button"])
async def test_a_press_that_a_shutdown_cancels_is_reported(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, action_id: str
) -> None:
    request = await here.ask("db destroy orders")
    here.slack.private.clear()
    begun = asyncio.Event()

    async def subject(self: Directory, *arguments: Any, **named: Any) -> Subject:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("it waits until it is cancelled")

    monkeypatch.setattr(Directory, "subject", subject)
    press = here.press(DANA, request, action_id)
    if action_id.startswith("form."):
        press = replace(press, value="")
    work = asyncio.create_task(run(present(await Dispatcher(here.env).before_ack(press))))
    await begun.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)

    ((who, text),) = here.slack.private
    assert who == DANA
    assert "is restarting" in text


async def run(work: Work) -> None:
    """Run the work that remains after an acknowledgement."""
    await work()

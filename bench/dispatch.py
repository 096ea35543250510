"""The cost of the last of forty commands or buttons compared with the first, measured alternately in this process."""

import asyncio
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from bench import signing
from bench.subjects import REPLY, remove_delivery, started
from bench.systems import Fleet
from bot.commands.base import Context, ReadCommand
from bot.core.reply import Reply
from bot.pipeline.dispatch import button_actions

FORTY, ROUNDS, EACH = 40, 24, 60


class _NoArgs(BaseModel):
    pass


async def _run(ctx: Context, args: _NoArgs) -> Reply:
    return REPLY


async def _ignore(env: Any, incoming: Any) -> str:
    return "ignored"


async def last_against_first(fleet: Fleet) -> dict[str, float]:
    """Measure budget 10: the cost of the last of forty commands or buttons relative to the first."""
    names = [f"probe{n}" for n in range(FORTY)]
    probes = [
        ReadCommand(name=one, usage=one, summary="A probe", args=_NoArgs, run=_run, open_to_all=True) for one in names
    ]
    with _settings(fleet), _forty_buttons():
        async with started(lambda bot: remove_delivery(bot, probes), executes=False) as app:
            command = await _ratio(app, *(_command(fleet, f"probe{n}") for n in (0, FORTY - 1)))
            button = await _ratio(app, *(_button(fleet, f"probe.{n}") for n in (0, FORTY - 1)))
    return {"10.command": command, "10.button": button}


async def _ratio(app: Any, first: Iterator[bytes], last: Iterator[bytes]) -> float:
    """Return the cost of `last` relative to `first`, as the median of several rounds."""
    await _spend(app, first)
    await _spend(app, last)
    ratios = []
    for turn in range(ROUNDS):
        pair = (first, last) if turn % 2 else (last, first)
        spent = {id(kind): await _spend(app, kind) for kind in pair}
        ratios.append(spent[id(last)] / spent[id(first)])
    return round(statistics.median(ratios), 2)


async def _spend(app: Any, requests: Iterator[bytes]) -> float:
    prepared = [_asgi(next(requests)) for _ in range(EACH)]
    began = time.process_time()
    for scope, body in prepared:
        await _call(app, scope, body)
    await asyncio.sleep(0.02)  # the work after the acknowledgement is part of the cost
    return time.process_time() - began


def _asgi(request: bytes) -> tuple[dict[str, Any], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
    headers = [(name.lower(), value) for name, value in lines]
    return {"type": "http", "method": "POST", "path": signing.PATH, "headers": headers, "query_string": b""}, body


async def _call(app: Any, scope: dict[str, Any], body: bytes) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise AssertionError(f"answered {message['status']}")

    await app(scope, receive, send)


def _command(fleet: Fleet, text: str) -> Iterator[bytes]:
    return signing.commands(text, respond_to=fleet.stubs.url)


def _button(fleet: Fleet, action_id: str) -> Iterator[bytes]:
    action = {"action_id": action_id, "value": "r-1", "text": {"type": "plain_text", "text": "Probe"}}
    while True:
        body = signing.click(
            action, respond_to=fleet.stubs.url, user=signing.REQUESTER, message={"ts": "1.2", "text": ""}
        )
        yield signing.request(body)


@contextmanager
def _forty_buttons() -> Iterator[None]:
    """Register forty buttons: probes, then the bot's own buttons, and a probe as the last one. Undo that on exit."""
    own = dict(button_actions.CLICKS)
    table: dict[str, Any] = button_actions.CLICKS  # type: ignore[assignment]
    table.clear()
    table |= {f"probe.{n}": button_actions.Click(_ignore, changes=False) for n in range(FORTY - len(own) - 1)}
    table |= own | {f"probe.{FORTY - 1}": button_actions.Click(_ignore, changes=False)}
    try:
        yield
    finally:
        table.clear()
        table |= own


@contextmanager
def _settings(fleet: Fleet) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(fleet.bot_env(1, "dispatch.db") | {"LOG_LEVEL": "WARNING"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

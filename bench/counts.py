"""Measures how many calls to Turso an organization's usage takes, and the time from the last approval to the change."""

import asyncio
import statistics
import time
from typing import Any

from bench import signing
from bench.load import Pool, pace
from bench.systems import Fleet


async def organization_usage(fleet: Fleet) -> dict[str, float]:
    """Measure budget 15: the calls for the usage of an organization of 1,000 databases."""
    await fleet.start("bot")
    await fleet.stubs.set(databases=1000, forget=True)
    with fleet.awake("bot") as server:
        status = await _send(server.port, signing.command("usage", respond_to=fleet.stubs.url))
        await server.settle(quiet=0.5)
    calls = (await fleet.stubs.set(databases=20))["calls"]
    if status != 200 or not any(name.startswith("turso") for name in calls):
        raise AssertionError(f"`usage` was answered {status}, with {calls}")
    return {"15": sum(count for name, count in calls.items() if name.startswith("turso"))}


async def last_approval(fleet: Fleet) -> dict[str, float]:
    """Measure budget 16: the time from Approve to the first request to Turso, compared with B's acknowledgement."""
    waits = []
    await fleet.stubs.set(databases=1000)
    async with fleet.fresh("bot, approving") as server:
        for number in range(900, 909):
            await fleet.stubs.set(forget=True)
            text = f"db destroy orders-{number} --now --reason bench"
            await _send(server.port, signing.command(text, respond_to=fleet.stubs.url))
            action, message = await _card(fleet)
            await server.settle()
            await fleet.stubs.set(forget=True)
            press = signing.click(action, respond_to=fleet.stubs.url, user=signing.APPROVER, message=message)
            pressed = time.time()
            await _send(server.port, press)
            waits.append(await _first_call(fleet) - pressed)
            await server.settle()
    await fleet.stubs.set(databases=20)
    await fleet.start("B")
    with fleet.awake("B") as bare:
        sample = await pace(bare.port, signing.commands("x", respond_to=fleet.stubs.url), rate=20, seconds=3)
    spent = statistics.median(waits)
    return {"16": spent / sample.percentile(0.5), "ms.approval": 1000 * spent}


async def _send(port: int, body: bytes) -> int:
    pool = Pool(port)
    status = await pool.ask(signing.request(body))
    pool.close()
    return status


async def _card(fleet: Fleet) -> tuple[dict[str, Any], dict[str, Any]]:
    """Wait for the request's card. Return its Approve button in the form that a click sends, and the message."""
    for _ in range(200):
        for message in (await fleet.stubs.set())["messages"]:
            for block in message.get("blocks") or []:
                for element in block.get("elements", []) if block.get("type") == "actions" else []:
                    if element.get("text", {}).get("text", "").startswith("Approve"):
                        pressed = {key: element[key] for key in ("action_id", "value", "text")}
                        return pressed, message | {"ts": message["ts"], "bot_id": "B0BENCH", "type": "message"}
        await asyncio.sleep(0.05)
    raise AssertionError("no card with an Approve button was posted")


async def _first_call(fleet: Fleet) -> float:
    for _ in range(200):
        if first := (await fleet.stubs.set())["first_turso"]:
            return float(first)
        await asyncio.sleep(0.05)
    raise AssertionError("the approved request never reached Turso")

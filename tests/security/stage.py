"""Helpers for the sandbox that the tests attack, and its policy: an internal channel and a shared one."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.core.requests.request import Request, State
from bot.sandbox.workspace.delivery import payloads
from bot.sandbox.workspace.delivery.parcel import Parcel, command_parcel, event_parcel
from bot.sandbox.workspace.delivery.signing import signature
from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.records import Delivery
from tests.http import local_client
from tests.policies import WITH_NAMED_DBA
from tests.scenarios import forging
from tests.world import DANA, DB_OPS, World, buttons

FORM = "application/x-www-form-urlencoded"
POLICY = (
    WITH_NAMED_DBA
    + """\
  group: {usergroup: S0DBA}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, create, "token --read-only"], confirm: none}
      - {approve: rotate, by: dba, quorum: 2, confirm: none}
      - {approve: protect, by: group, confirm: type-name}
      - {approve: [token, destroy, freeze, thaw], by: dba, confirm: none}
  C0SHARED:
    externally_shared: true
    databases: ["partner-*"]
    rules:
      - {allow: [read, freeze], confirm: none}
      - {approve: [token, destroy], by: dba, confirm: none}
"""
)


def be_patient(world: World) -> None:
    """Lengthen Slack's time limits, because the test machine may be busy."""
    world.workspace.limits.ack = timedelta(seconds=20)
    world.workspace.limits.trigger_lifetime = timedelta(seconds=30)


async def request_of(world: World, card: Message) -> Request:
    """Return a card's request from the store."""
    assert world.bot is not None
    value = next(one["value"] for one in buttons(card).values())
    found = await world.bot.store.requests.get(value)
    assert found is not None
    return found


async def reaches(world: World, card: Message, *states: State) -> Request:
    """Wait until a card's request is in one of these states, and return it."""
    assert world.bot is not None
    request = await request_of(world, card)

    for _ in range(750):
        found = await world.bot.store.requests.get(request.id)
        if found and found.state in states:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"the request doesn't reach {states}")


def changing_calls(world: World) -> int:
    """Return the number of calls to the Platform API that aren't reads."""
    return sum(one.method != "GET" for one in world.turso.calls.control())


def command(world: World, text: str, person: str = DANA, channel: str = DB_OPS, **forged: Any) -> Parcel:
    """Return a slash command for `Workspace.deliver`. `forged` replaces fields of it."""
    state = world.workspace.state
    where = state.channels.get(channel) or state.channels[DB_OPS]
    fields = payloads.slash_command(state, state.people[person], where, "/turso", text)
    return command_parcel(fields | {"channel_id": channel} | forged, person)


def mention(world: World, text: str, **forged: Any) -> Parcel:
    """Return the event of a mention of the bot, for `Workspace.deliver`. `forged` replaces fields of the event."""
    state = world.workspace.state
    event = {
        "type": "app_mention", "user": DANA, "channel": DB_OPS, "ts": state.stamp(), "team": state.team_id,
        "text": f"<@{state.app.bot_user_id}> {text}",
    }  # fmt: skip
    body = {
        "type": "event_callback", "team_id": state.team_id, "api_app_id": state.app.app_id,
        "event_id": f"Ev{state.stamp()}", "event_time": int(state.time.now().timestamp()), "event": event | forged,
    }  # fmt: skip
    return event_parcel(body, None)


async def posted(world: World, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Post a body to the bot's address, and return the response."""
    async with local_client() as http:
        return await http.post(world.workspace.events_url or "", content=body, headers=headers)


async def again(world: World, delivery: Delivery) -> httpx.Response:
    """Send a recorded request again, unchanged."""
    return await posted(world, delivery.body.encode(), delivery.headers)


def signed_at(world: World, body: bytes, stamp: int, *, secret: str = "") -> dict[str, str]:
    """Return the headers of a request that was signed at a given Unix time, by default with the app's secret."""
    secret = secret or (world.keys.signing_secret if world.keys else "")
    return {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": str(stamp),
        "X-Slack-Signature": signature(secret, str(stamp), body),
    }


def form(**fields: str) -> bytes:
    """Return a request body with these form fields."""
    return urlencode(fields).encode()


def everything_shown(world: World) -> Iterator[Message]:
    """Yield every message in every channel, including ephemeral ones."""
    state = world.workspace.state
    yield from state.ephemerals.values()
    for messages in state.messages.values():
        yield from messages.values()


async def answer_to(world: World, person: str, doing: Any, *, holding: str = "") -> Message:
    """Await `doing`, then wait for and return the new private message to the person that contains `holding`."""
    return await forging.answer_to(world, person, doing, holding=holding)


async def pressed_by(world: World, person: str, label: str, card: Message) -> Message:
    """Press a button as a person who may not even see it, and return the private answer."""
    return await forging.forge_press(world, person, label, card)

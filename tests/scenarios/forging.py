"""Sends forged, foreign and outdated payloads, which Slack's client would never send, with Slack's signature."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from bot.sandbox.workspace.delivery import payloads
from bot.sandbox.workspace.delivery.parcel import command_parcel, interactive_parcel
from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.records import Delivery
from tests.world import DB_OPS, World, buttons, until, words

NUMBERS = count()


def private_messages(world: World, person_id: str) -> list[Message]:
    """Return what only this person sees: ephemeral messages, even in channels they aren't in, and direct messages."""
    state = world.workspace.state
    hidden = [one for one in state.ephemerals.values() if one.only_for == person_id]
    direct = state.direct_channel(person_id).id
    return hidden + [one for one in state.messages.get(direct, {}).values() if one.user_id != person_id]


async def forge_command(world: World, person_id: str, channel_id: str, text: str) -> tuple[Delivery, str, str]:
    """Send a command line as it is, unescaped, even to a channel where the person can't type.

    Returns the delivery, its `response_url` and its trigger.
    """
    state = world.workspace.state
    fields = payloads.slash_command(state, state.people[person_id], state.channels[channel_id], "/turso", text)
    delivery = await world.workspace.deliver(command_parcel(fields, person_id))
    return delivery, fields["response_url"].removeprefix(f"{state.origin}/"), fields["trigger_id"]


async def forge_click(
    world: World, person_id: str, action_id: str, value: str, *, message: Message | None = None, channel: str = DB_OPS
) -> Delivery:
    """Press a button that may not exist, in a message that may not contain it."""
    state = world.workspace.state
    person = state.people[person_id]
    where: dict[str, Any] = {"channel": {"id": channel, "name": "forged"}, "container": {"channel_id": channel}}
    if message is not None:
        where = payloads.in_message(state, message) | {"response_url": payloads.response_url(state, person, message)}
    action = {"type": "button", "action_id": action_id, "block_id": "b", "value": value, "action_ts": state.stamp()}
    trigger = state.triggers.issue(person_id, world.workspace.now())
    body = payloads.interaction(state, "block_actions", person) | where | {"trigger_id": trigger, "actions": [action]}
    return await world.workspace.deliver(interactive_parcel(body, person_id))


async def forge_press(world: World, person_id: str, label: str, message: Message) -> Message:
    """Press a real button of a message as a person who may not even see it, and return the private answer."""
    button = buttons(message)[label]
    return await answer_to(
        world, person_id, forge_click(world, person_id, button["action_id"], button.get("value", ""), message=message)
    )


async def forge_submission(
    world: World, person_id: str, callback_id: str, about: str, values: Mapping[str, Any], *, view_id: str = ""
) -> Delivery:
    """Submit a modal that was never opened. `values` maps each `block_id` to what was filled in.

    Each call submits another modal, unless `view_id` is given.
    """
    state = world.workspace.state
    view_id = view_id or f"V0FORGED{next(NUMBERS)}"
    filled = {
        block: {"input": {"type": "plain_text_input", "value": value} if isinstance(value, str) else value}
        for block, value in values.items()
    }
    view = {
        "id": view_id,
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": about,
        "state": {"values": filled},
        "title": {"type": "plain_text", "text": "Forged"},
        "blocks": [],
        "hash": "1.a",
        "team_id": state.team_id,
        "app_installed_team_id": state.team_id,
    }
    trigger = state.triggers.issue(person_id, world.workspace.now())
    body = payloads.interaction(state, "view_submission", state.people[person_id])
    return await world.workspace.deliver(interactive_parcel(body | {"view": view, "trigger_id": trigger}, person_id))


async def answer_to(world: World, person_id: str, doing: Any, *, holding: str = "") -> Message:
    """Await `doing`, then wait for a new message that only this person sees and that contains `holding`. Return it."""
    before = {(one.channel_id, one.ts) for one in private_messages(world, person_id)}
    await doing

    def new() -> Message | None:
        found = [one for one in private_messages(world, person_id) if (one.channel_id, one.ts) not in before]
        return next((one for one in found if holding in words(one)), None)

    found: Message = await until(new, what=f"a private answer to {person_id} {holding!r}")
    return found

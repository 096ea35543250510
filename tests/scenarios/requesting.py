"""Makes requests in #db-ops, and reads them from the store."""

import asyncio

from bot.core.requests.request import Request, State
from bot.sandbox.workspace.model import Message
from tests.world import DANA, World, buttons, words


async def make_request(world: World, line: str, by: str = DANA) -> Message:
    """Create a database, request something about it, and return the card. `{}` in the line stands for its name."""
    name = f"db-{world.workspace.now().timestamp():.6f}".replace(".", "-")
    await world.create_databases(name)
    return await world.person(by).types(line.format(name), holding=name)


def request_id(card: Message) -> str:
    """Return the ID of a card's request, which is the value of the card's buttons."""
    found: str = next(one["value"] for one in buttons(card).values())
    return found


async def stored(world: World, card: Message) -> Request:
    """Return a card's request from the store."""
    assert world.bot is not None
    found = await world.bot.store.requests.get(request_id(card))
    assert found is not None
    return found


async def reaches(world: World, card: Message, *states: State) -> Request:
    """Wait until a card's request is in one of these states, and return it."""
    for _ in range(750):
        if (found := await stored(world, card)).state in states:
            return found
        await asyncio.sleep(0.02)
    request = await stored(world, card)
    raise AssertionError("\n".join([f"{request.state} instead of {states}: {request}", *_private(world, card)]))


def _private(world: World, card: Message) -> list[str]:
    """Return the texts of private messages since the card was posted, and of open modals."""
    state = world.workspace.state
    direct = [one for place, found in state.messages.items() if place.startswith("D") for one in found.values()]
    alone = [one for one in (*state.ephemerals.values(), *direct) if one.ts > card.ts]
    shown = [f"only for {one.only_for or one.channel_id}: {words(one)}" for one in alone]
    return shown + [f"modal of {who}: {words(view)}" for who, stack in state.stacks.items() for view in stack]

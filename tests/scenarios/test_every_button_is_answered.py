"""One button of each kind that the bot shows is pressed by a person who sees it, by other people, and a second time.

Each press is answered where the person sees it. Nothing breaks, which the fixture checks at the end.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from bot.pipeline.approval import presses
from bot.pipeline.approval.press_limit import PressLimit
from bot.sandbox.workspace.model import Message
from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.soak import CHOICE, SOAK
from tests.world import ANA, BEN, DANA, DB_OPS, GIL, INCIDENT, REMY, World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
TELLS_ALONE = ("response_url", "chat.postEphemeral", "views.open", "views.push", "views.update", "views.publish")
"""Methods whose result only one person sees."""
OTHERS = (REMY, GIL)
"""A responder, who has few permissions in #db-ops, and a guest, who has none."""


def pressers(person: str, at: int) -> tuple[str, ...]:
    """Return the people who press the button, in order. `make test` runs a part of the list for each button."""
    if SOAK:
        return (*OTHERS, person, person, REMY)
    return [(REMY, person, person), (GIL, person, person), (person, person, REMY)][(at + CHOICE) % 3]


@dataclass(frozen=True)
class Shown:
    """A button, and a person who sees it."""

    message: Message
    action_id: str
    label: str
    value: str
    person: str

    @property
    def kind(self) -> tuple[str, ...]:
        """Return what the button does and where it is. Tests press one button of each kind."""
        where = "alone" if self.message.only_for else "direct" if self.message.channel_id.startswith("D") else "channel"
        action = self.action_id.split(".")[0] if self.action_id.startswith("page.") else self.action_id
        line = self.value.split(" ")[0] if action.startswith(("run.", "page")) else ""
        thread = "thread" if self.message.thread_ts else ""
        return action.rstrip("0123456789"), line, self.label, where, thread, self.message.channel_id[:8]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a sandbox that has a message of each kind."""
    async with checked_sandbox(tmp_path_factory.mktemp("world")) as found:
        found.workspace.limits.rates = "off"
        await tour(found)
        yield found


async def tour(world: World) -> None:
    """Use the bot in many ways, so that it shows messages of each kind."""
    dana, ana, remy, ben = (world.person(one) for one in (DANA, ANA, REMY, BEN))
    await world.create_databases("waits", "quarantined", "broken", "held", "minted", "asked")
    for line in ("", "help", "ls", "show orders", "usage", "triage orders", "tokens", "audit", "nonsense", "doctor"):
        await dana.types(f"/turso {line}")
    await dana.types("/turso token minted --read-only")
    for line in ("rotate waits --reason leak", "token asked --reason work", "db freeze held --for 30m"):
        await dana.types(f"/turso {line}")
    ready = await dana.types("/turso token orders --reason work", holding="orders")
    await ana.presses_and_reads("Approve", ready)
    card = await dana.types("/turso db destroy quarantined --reason old", holding="quarantined")
    await ana.presses("Approve", card)
    await ana.submits({"typed_name": "quarantined"})
    await world.wait_for_content(card, button="Undo")
    await ana.types("/turso digest on --weekly mon 09:00")
    await ana.types("/turso digest now")
    top = await world.workspace.say(DANA, DB_OPS, "a thread")
    assert top.message is not None
    bot = world.workspace.app.bot_user_id
    await world.workspace.say(DANA, DB_OPS, f"<@{bot}> protect orders on --reason x", thread_ts=top.message.ts)
    await world.workspace.say(DANA, DB_OPS, f"<@{bot}> show", thread_ts=top.message.ts)
    await remy.types("/turso incident start INC-1", INCIDENT)
    await remy.types("/turso freeze users --for 30m", INCIDENT)
    await world.workspace.say(BEN, INCIDENT, "/turso db destroy broken --now --reason fire")
    await until(lambda: world.card(INCIDENT, holding="*broken* was destroyed"), what="the break-glass operation")
    await ben.types("/turso triage users", INCIDENT)
    await world.wait_until_idle()
    for line in ("requests --to-approve", "requests --mine"):
        await ana.types(f"/turso {line}")
    for one in (DANA, ANA, REMY, BEN):
        await forging.forge_command(world, one, world.workspace.state.direct_channel(one).id, "help")
        await world.workspace.open_home(one)
    await world.wait_until_idle()


def _buttons(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("type") == "button" and "action_id" in value and "url" not in value:
            yield value
        for one in value.values():
            yield from _buttons(one)
    elif isinstance(value, list):
        for one in value:
            yield from _buttons(one)


def shown(world: World) -> list[Shown]:
    """Return one button of each kind, as it is now, with a person who sees it."""
    state, found = world.workspace.state, dict[tuple[str, ...], Shown]()
    every = [*state.ephemerals.values(), *(one for messages in state.messages.values() for one in messages.values())]
    for message in every:
        person = message.only_for or next(
            (one for one in (DANA, ANA, REMY, BEN) if state.can_see(one, message.channel_id)), ""
        )
        for button in _buttons(message.blocks):
            one = Shown(message, button["action_id"], button["text"]["text"], button.get("value", ""), person)
            found.setdefault(one.kind, one)
    return list(found.values())


async def answers(world: World, person: str, channel: str, doing: Any, *, action_id: str) -> list[str]:
    """Await `doing`, close the person's modals, and return the methods of the calls that answer this person.

    These are private messages and views, and after a button that runs a command also new and updated messages in the
    channel.
    """
    assert world.bot is not None
    world.bot.path.presses = PressLimit()
    before, mine = len(world.workspace.calls), world.workspace.state.direct_channel(person).id
    await doing
    await world.wait_until_idle()
    for view in world.workspace.views_of(person):
        await world.workspace.close_view(person, view.id)
    calls = [one for one in world.workspace.calls[before:] if not one.error]
    # a button that runs a command may get a public answer
    asks = presses.carries_line(action_id) or action_id.startswith(("incident.", "request.again", "request.freeze"))
    places = (channel, person, mine) if asks else (person, mine)
    messages = [one for one in calls if one.method in ("chat.postMessage", "chat.update")]
    visible = [one for one in messages if one.args.get("channel") in places]
    alone = [one for one in calls if one.method in TELLS_ALONE and one.args.get("user", person) == person]
    return [one.method for one in (*alone, *visible)]


async def press(world: World, person: str, button: Shown) -> list[str]:
    doing = forging.forge_click(world, person, button.action_id, button.value, message=button.message)
    return await answers(world, person, button.message.channel_id, doing, action_id=button.action_id)


async def test_the_sandbox_shows_many_kinds_of_buttons(world: World) -> None:
    kinds = shown(world)
    actions = {one.action_id for one in kinds}
    assert actions >= {"approval.approve", "approval.deny", "approval.withdraw", "request.confirm", "request.dismiss",
                       "token.reveal", "quarantine.undo", "review.open"}  # fmt: skip
    assert {one.kind[3] for one in kinds} >= {"alone", "channel"}
    assert any(one.message.thread_ts for one in kinds)


async def test_each_press_on_a_message_is_answered_for_every_person_and_if_repeated(world: World) -> None:
    silent = []
    every = sorted(
        shown(world), key=lambda one: one.action_id != "approval.remind"
    )  # first, because the other buttons end its request
    for at, button in enumerate(every):
        for person in pressers(button.person, at):
            if not await press(world, person, button):
                silent.append((person, button.action_id, button.label, button.kind))
        direct = world.workspace.state.direct_channel(button.person).id
        doing = forging.forge_click(world, button.person, button.action_id, button.value, channel=direct)
        if not await answers(world, button.person, direct, doing, action_id=button.action_id):
            silent.append((button.person, button.action_id, button.label, ("in a direct message",)))
    assert len(every) > 30
    assert not silent


async def test_each_press_on_home_is_answered_also_if_repeated(world: World) -> None:
    silent = []
    for person in (DANA, ANA, REMY, BEN):
        await world.workspace.open_home(person)
        await world.wait_until_idle()
        view = world.workspace.home_of(person)
        assert view is not None
        for block in view.blocks:
            for button in list(_buttons(block)):
                for _ in range(2):
                    now = world.workspace.home_of(person)
                    there = [one for one in now.blocks if button in list(_buttons(one))] if now else []
                    if now is None or not there:
                        break  # Home was updated and no longer has this button
                    doing = world.workspace.click(
                        person, view_id=now.id, action_id=button["action_id"], block_id=there[0]["block_id"]
                    )
                    if not await answers(world, person, "", doing, action_id=button["action_id"]):
                        silent.append((person, button["action_id"], button["text"]["text"]))
    assert not silent

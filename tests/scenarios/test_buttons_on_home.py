"""Home repeats the buttons of cards. Each does the same there as in the channel, and is answered."""

from typing import Any

import pytest

from bot.blocks import request_notices
from bot.core.requests.request import Request, State
from bot.sandbox.workspace.model import Message, View
from tests.incidents.test_home import home
from tests.policies import WITH_DBA_GROUP
from tests.present import present
from tests.scenarios import forging
from tests.scenarios.requesting import make_request, reaches, stored
from tests.world import ANA, DANA, DB_OPS, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, freeze], confirm: none}
      - {approve: [rotate, token, destroy], by: dba, confirm: none, notify: dba}
"""
)


async def press(world: World, label: str, about: str) -> None:
    """Press a button of Dana's Home whose value is an ID or a line."""
    view = await home(world, DANA)
    action_id = next(one["action_id"] for block in view.blocks for one in elements(block) if is_it(one, label, about))
    block_id = next(
        str(block["block_id"]) for block in view.blocks if any(is_it(one, label, about) for one in elements(block))
    )
    await world.workspace.click(DANA, view_id=view.id, action_id=action_id, block_id=block_id)


def elements(block: dict[str, Any]) -> list[dict[str, Any]]:
    return [*block.get("elements", []), block.get("accessory") or {}]


def is_it(button: dict[str, Any], label: str, about: str) -> bool:
    return button.get("type") == "button" and button["text"]["text"] == label and about in button.get("value", "")


async def modal_holding(world: World, text: str) -> View:
    return await until(
        lambda: next((one for one in world.workspace.views_of(DANA) if text in words(one)), None),
        what=f"{text} in a modal",
    )


async def test_freeze_first_freezes_in_the_channel_of_the_request(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    request = await stored(world, card)
    assert request.plan.target is not None
    assert world.bot is not None

    said = await forging.answer_to(world, DANA, press(world, "Freeze first", ""))
    await world.wait_until_idle()

    assert "Requested in" in words(said)

    (hold,) = await world.bot.store.holds.find(database=request.plan.target.name)
    assert (hold.channel_id, hold.due_at) == (DB_OPS, None)
    await world.person(DANA).presses_and_reads("Withdraw", card)


async def test_rotate_again_makes_the_same_request_in_its_channel(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    world.turso.faults.add("status", method="POST", path="*/auth/rotate", status=500)
    await world.person(ANA).presses("Approve", card)
    first = await reaches(world, card, State.UNKNOWN)

    said = await forging.answer_to(world, DANA, press(world, "Rotate again", first.id), holding="Requested in")
    assert "The outcome will appear there" in words(said)

    again = await until(
        lambda: next((one for one in world.person(ANA).sees() if "Approve" in buttons(one)), None), what="the new card"
    )
    request = await stored(world, again)
    assert (request.line, request.channel_id, request.reason) == (first.line, DB_OPS, "leak")
    await world.person(DANA).presses_and_reads("Withdraw", again)


async def test_remind_sends_the_reminder_and_says_so_in_a_direct_message(world: World) -> None:
    card = await make_request(world, "/turso rotate {} --reason leak")
    request = await stored(world, card)

    said = [
        words(await forging.answer_to(world, DANA, press(world, "Remind", request.id), holding=holding))
        for holding in ("The reminder was sent", "was already sent")
    ]

    assert "10 minutes" in said[0]
    reminders = [one for one in world.workspace.history(DB_OPS, None) if one.thread_ts == card.ts]
    assert len([one for one in reminders if ":bell:" in words(one)]) == 1
    await world.person(DANA).presses_and_reads("Withdraw", card)


async def unknown_token(world: World) -> tuple[Message, Request]:
    """Request a token, let Turso fail while it is minted, and return the card and the request."""
    card = await make_request(world, "/turso token {} --reason work")
    await world.person(ANA).presses_and_reads("Approve", card)
    world.turso.faults.add("status", method="POST", path="*/auth/tokens", status=500)
    await world.person(DANA).presses_and_reads("Reveal", await world.wait_for_content(card, button="Reveal"))
    return card, await reaches(world, card, State.UNKNOWN)


async def test_reveal_again_shows_the_token_in_a_modal(world: World) -> None:
    card, request = await unknown_token(world)

    await press(world, "Reveal again", request.id)

    assert "eyJ" in words(await modal_holding(world, "eyJ"))
    await world.wait_until_idle()
    assert (await stored(world, card)).state is State.SUCCEEDED
    assert not [one for one in everything(world) if "eyJ" in words(one)], "no message has the token"


async def test_reveal_again_that_is_unknown_again_says_so_in_the_modal(world: World) -> None:
    card, request = await unknown_token(world)
    world.turso.faults.add("status", method="POST", path="*/auth/tokens", status=500)

    await press(world, "Reveal again", request.id)

    assert "may have been created" in words(await modal_holding(world, "may have been created"))
    await world.wait_until_idle()
    assert (await stored(world, card)).state is State.UNKNOWN


async def test_reveal_again_in_a_direct_message_shows_the_token_only_to_the_requester(world: World) -> None:
    card, request = await unknown_token(world)
    assert world.bot is not None
    sent = await world.bot.env.messenger.direct(DANA, request_notices.reveal_again_note(request, request.outcome))
    channel, ts = present(sent)
    note = world.workspace.state.messages[channel][ts]

    shown = await forging.answer_to(world, DANA, world.person(DANA).presses("Reveal again", note), holding="eyJ")

    assert (shown.channel_id, shown.only_for) == (channel, DANA)
    await world.wait_until_idle()
    assert (await stored(world, card)).state is State.SUCCEEDED


def everything(world: World) -> list[Message]:
    return [one for messages in world.workspace.state.messages.values() for one in messages.values()]

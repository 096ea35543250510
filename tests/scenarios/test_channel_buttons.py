"""The buttons of each channel on Home: they open forms for that channel, and the person's permissions there."""

from typing import Any

import pytest

from bot.blocks.buttons import CHANNEL_FORM, CHANNEL_RIGHTS
from tests.world import BEN, DANA, DB_OPS, ORDERS, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def pressed(world: World, action_id: str, channel: str, *, who: str = DANA) -> None:
    """Press a button of a channel on a person's Home."""
    await world.workspace.open_home(who)
    found = await until(lambda: _button(world, who, action_id, channel), what=f"{action_id} of {channel}")
    view_id, block_id = found
    await world.workspace.click(who, view_id=view_id, action_id=action_id, block_id=block_id)


def _button(world: World, who: str, action_id: str, channel: str) -> tuple[str, str] | None:
    view = world.workspace.home_of(who)
    for block in view.blocks if view else ():
        elements: list[dict[str, Any]] = block.get("elements", [])
        if view and any((one.get("action_id"), one.get("value")) == (action_id, channel) for one in elements):
            return view.id, block["block_id"]
    return None


async def test_a_form_opened_on_home_is_answered_in_its_channel(world: World) -> None:
    person = world.person(DANA)
    before = {one.ts for one in person.sees(ORDERS)}

    await pressed(world, f"{CHANNEL_FORM}token", ORDERS)
    view = await person.modal("Ticket")
    await world.workspace.suggest(DANA, text="o", view_id=view.id, action_id="form.database")
    await person.submits({"arg.name": "orders", "reason": "a migration"}, view)

    card = await until(lambda: next((one for one in person.sees(ORDERS) if one.ts not in before), None))
    assert "a migration" in words(card)


async def test_a_channel_has_few_buttons_and_one_of_them_lists_all_commands(world: World) -> None:
    await pressed(world, CHANNEL_RIGHTS, DB_OPS)

    view = await world.person(DANA).modal(f"<#{DB_OPS}>")

    assert "submit" not in view.source
    for command in ("destroy", "rotate", "list"):
        assert f"`{command}`" in words(view)
    home = world.workspace.home_of(DANA)
    assert home is not None
    assert "`rotate`" not in words(home)
    rows = [one for one in home.blocks if any(e.get("action_id") == CHANNEL_RIGHTS for e in one.get("elements", []))]
    assert all(len(row["elements"]) <= 4 for row in rows)
    await world.workspace.close_view(DANA, view.id)


@pytest.mark.parametrize(("who", "action"), [(DANA, f"{CHANNEL_FORM}token"), (BEN, CHANNEL_RIGHTS)])
async def test_a_person_who_has_left_the_channel_gets_no_form_and_no_list(world: World, who: str, action: str) -> None:
    await world.workspace.open_home(who)
    view_id, block_id = await until(lambda: _button(world, who, action, ORDERS), what="Home")
    members = world.workspace.channels[ORDERS].members
    members.remove(who)
    try:
        await world.workspace.click(who, view_id=view_id, action_id=action, block_id=block_id)
        await world.wait_until_idle()
        assert not world.workspace.views_of(who)
    finally:
        members.append(who)

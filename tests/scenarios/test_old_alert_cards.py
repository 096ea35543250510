"""In a channel that the bot has left or that was shared, alert cards are updated, and presses on them are refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.core.alerts import AlertEnd, AlertKind
from bot.core.requests.request import State
from tests.authorization.lost import bot_removed, channel_shared, clear_caches
from tests.present import present
from tests.scenarios import forging
from tests.scenarios.alerting import ended, raised, shown
from tests.scenarios.test_alerts import OWN_POLICY as OWN_POLICY
from tests.scenarios.test_alerts import SAYS
from tests.scenarios.test_alerts import alerts_on as alerts_on
from tests.scenarios.test_unwatched_alerts import take_sample
from tests.soak import pairs
from tests.world import ANA, BEN, DB_OPS, World, buttons, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
BUTTONS = ("Triage orders", "Freeze orders 30 min", "Turn on overages", "Start incident", "Mute 1 h", "Mute 1 day")
LOSSES = {"the bot left": bot_removed, "the channel was shared": channel_shared}
WHY = {
    "the bot left": "I'm not in this channel",
    "the channel was shared": "This channel is shared with another organization",
}


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def current_facts(world: World) -> AsyncIterator[None]:
    """Empty the bot's caches after each test, so that it reads facts about channels again."""
    yield
    clear_caches(world)


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_card_loses_its_buttons_when_its_channel_may_no_longer_have_the_alert(world: World, loss: str) -> None:
    assert world.bot is not None
    alert = await raised(world, AlertKind.QUOTA, "orders")
    card = await shown(world, SAYS)
    assert set(buttons(card)) == set(BUTTONS)

    with LOSSES[loss](world, ANA):
        clear_caches(world)
        await take_sample(world)

        assert present(await world.bot.store.alerts.get(alert.id)).end is AlertEnd.UNWATCHED
        after = await world.wait_for_content(
            card, holding="This alert has ended, because it is no longer allowed here."
        )
        assert not buttons(after)
        assert "orders" not in words(after)
        assert "82%" not in words(after)


@pytest.mark.parametrize(("loss", "label"), pairs(LOSSES, BUTTONS))
async def test_every_press_on_an_old_card_is_refused_with_the_reason(world: World, loss: str, label: str) -> None:
    await raised(world, AlertKind.QUOTA, "orders")
    card = await shown(world, SAYS)

    with LOSSES[loss](world, ANA):
        clear_caches(world)
        answer = await forging.forge_press(world, ANA, label, card)

    assert WHY[loss] in words(answer)
    await assert_nothing_done(world)


async def assert_nothing_done(world: World) -> None:
    """Assert that none of the buttons had an effect: no mute, freeze, request or incident."""
    assert world.bot is not None
    assert not await world.bot.store.alerts.mutes(world.bot.env.clock.now())
    assert not await world.bot.store.holds.find()
    assert not await world.bot.store.requests.find(states=[State.PENDING])
    assert await world.bot.store.incidents.running_in(DB_OPS) is None


@pytest.mark.parametrize("is_refused", [False, True], ids=["an allowed press", "a refused press"])
async def test_a_press_updates_a_card_that_could_not_be_updated_before(world: World, is_refused: bool) -> None:
    alert = await raised(world, AlertKind.QUOTA, "orders")
    card = await shown(world, SAYS)
    fault: Any = world.workspace.faults.add("api_error", "chat.update", error="cant_update_message")
    await ended(world, alert, AlertEnd.OFF)
    world.workspace.faults.remove(fault)
    assert set(buttons(world.current(card))) == set(BUTTONS)

    if is_refused:
        with channel_shared(world, ANA):
            clear_caches(world)
            await forging.forge_press(world, BEN, "Mute 1 h", card)
            await world.wait_until_idle()
    else:
        await world.person(BEN).presses("Mute 1 h", card)
        await world.wait_until_idle()

    assert not buttons(world.current(card))
    says = "This alert has ended." if is_refused else "This alert was turned off."
    assert says in words(world.current(card))

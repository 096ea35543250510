"""A form that a button opens does what the button would do: in its channel, and about the same object."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.core.alerts import AlertKind
from bot.core.records.holds import Hold
from bot.sandbox.workspace.model import Message, View
from tests.policies import WITH_DBA_GROUP
from tests.present import present
from tests.scenarios import forging
from tests.scenarios.alerting import keep_usage_unknown, raised, shown, turn_on
from tests.world import DANA, DB_OPS, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, alert]}
      - {allow: [thaw, incident], requires: ticket, confirm: none}
      - {allow: freeze, confirm: none}
profiles:
  incident:
    rules:
      - {allow: read}
      - {allow: incident, requires: ticket, confirm: none}
"""
)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def no_modal_stays_open(world: World) -> AsyncIterator[None]:
    """After each test, close Dana's modals and end the faults of Slack."""
    yield
    world.workspace.faults.clear()
    for view in world.workspace.views_of(DANA):
        await world.workspace.close_view(DANA, view.id)


async def pressed_on_home(world: World, action_id: str, about: str) -> None:
    """Press Dana's Home button with this action ID in the first block that contains `about`, such as a database."""
    await world.workspace.open_home(DANA)

    def button() -> tuple[str, str] | None:
        home = world.workspace.home_of(DANA)
        for block in home.blocks if home else ():
            elements: list[dict[str, Any]] = [*block.get("elements", []), block.get("accessory") or {}]
            if home and about in str(block) and any(one.get("action_id") == action_id for one in elements):
                return home.id, str(block["block_id"])
        return None

    view_id, block_id = await until(button, what=f"{action_id} of {about} on Home")
    await world.workspace.click(DANA, view_id=view_id, action_id=action_id, block_id=block_id)


async def holds_of(world: World, name: str) -> list[Hold]:
    """Wait until the bot is idle, and return the holds of a database."""
    await world.wait_until_idle()
    return await present(world.bot).store.holds.find(database=name)


async def running_incident(world: World) -> str:
    """Return the key of the incident that is active in #db-ops, or an empty string."""
    found = await present(world.bot).store.incidents.running_in(DB_OPS)
    return found.key if found else ""


async def start(world: World, key: str) -> Message:
    """Start an incident, and return its message."""
    await world.workspace.say(DANA, DB_OPS, f"/turso incident start {key} --ticket T-1")
    return await until(
        lambda: next(
            (one for one in world.person(DANA).sees() if key in words(one) and "End incident" in buttons(one)), None
        ),
        what=f"the message about {key}",
    )


async def form_after(world: World, label: str, message: Message) -> View:
    """Press a button of a message, and return the form that asks for the ticket."""
    await world.person(DANA).presses(label, message)
    return await world.person(DANA).modal("Ticket")


async def test_a_thaw_on_home_that_needs_a_ticket_ends_the_freeze(world: World) -> None:
    await world.create_databases("held")
    await world.workspace.say(DANA, DB_OPS, "/turso freeze held")
    store = present(world.bot).store
    [hold] = await holds_of(world, "held")

    await pressed_on_home(world, "hold.thaw", "held")
    view = await world.person(DANA).modal("Ticket")
    await world.person(DANA).submits({"ticket": "OPS-1", "arg.name": "held"}, view)
    await world.wait_until_idle()

    assert present(await store.holds.get(hold.id)).released_at is not None


async def test_the_form_of_end_incident_never_ends_a_later_incident(world: World) -> None:
    first = await start(world, "INC-1")
    await world.wait_until_idle()
    view = await form_after(world, "End incident", first)
    await world.workspace.say(DANA, DB_OPS, "/turso incident end --ticket T-2")
    await world.wait_until_idle()
    assert await running_incident(world) == ""
    await start(world, "INC-2")
    await world.wait_until_idle()

    await world.person(DANA).submits({"ticket": "T-3"}, view)
    await world.wait_until_idle()

    assert await running_incident(world) == "INC-2"
    await world.workspace.say(DANA, DB_OPS, "/turso incident end --ticket T-4")
    await world.wait_until_idle()


async def test_the_form_of_end_incident_ends_its_incident(world: World) -> None:
    message = await start(world, "INC-3")
    await world.wait_until_idle()
    view = await form_after(world, "End incident", message)

    await world.person(DANA).submits({"ticket": "T-5"}, view)
    await world.wait_until_idle()

    assert await running_incident(world) == ""


async def test_an_incident_that_is_started_from_an_alert_with_a_form_shows_the_alert(world: World) -> None:
    keep_usage_unknown(world)
    await turn_on(world, DANA, "/turso alert on --spike 5x")
    await raised(world, AlertKind.SPIKE, "orders")
    card = await shown(world, "12 times the usual")

    view = await form_after(world, "Start incident", card)
    await world.person(DANA).submits({"ticket": "T-6"}, view)
    await world.wait_until_idle()

    started = [one for one in world.person(DANA).sees() if "End incident" in buttons(one)][-1]
    assert "12 times the usual" in words(started)
    await world.workspace.say(DANA, DB_OPS, "/turso incident end --ticket T-7")
    await world.wait_until_idle()


async def test_a_form_of_home_that_could_not_be_opened_is_still_for_its_channel(world: World) -> None:
    """The button that opens it later is in a direct message, but the form is for #db-ops."""
    await world.create_databases("iced")
    world.workspace.faults.add("api_error", "views.open", error="expired_trigger_id", times=1)
    dana = world.person(DANA)

    offer = await forging.answer_to(world, DANA, pressed_on_home(world, "channel.form.freeze", DB_OPS))
    await dana.presses("Open the form", offer)
    view = await dana.modal("For how long")
    await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text="iced")
    await dana.submits({"arg.name": "iced"}, view)
    [hold] = await holds_of(world, "iced")

    assert (offer.channel_id[0], hold.channel_id) == ("D", DB_OPS)


async def test_a_form_that_could_not_be_opened_after_a_shortcut_is_opened_by_its_button(world: World) -> None:
    dana = world.person(DANA)
    await world.workspace.shortcut(DANA, "turso.command")
    chooser = await dana.modal("What do you want to do?")
    world.workspace.faults.add("api_error", "views.open", error="expired_trigger_id", times=1)
    before = {one.ts for one in dana.sees()}
    await dana.submits({"command": "freeze", "channel": DB_OPS}, chooser)

    offer = await dana.reads_answer(DB_OPS, before)
    await dana.presses("Open the form", offer)

    view = await dana.modal("For how long")
    assert view.callback_id == "form.freeze"


async def test_the_button_of_a_form_that_is_no_longer_known_opens_no_empty_form(world: World) -> None:
    """An empty form would have lost the options of the typed line, such as `--dry-run`."""
    answer = await forging.answer_to(world, DANA, forging.forge_click(world, DANA, "form.open.freeze", "i-gone"))

    assert "too old" in words(answer)
    assert not world.workspace.views_of(DANA)

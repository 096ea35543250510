"""Actions that start a change: typed commands, presses of buttons, and moving the clock."""

from datetime import timedelta

from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.records import Acted
from tests.crash.harness import Harness
from tests.crash.scenarios.shared import Act
from tests.world import ANA, DANA, DB_OPS, buttons, until, words

LATE_SECONDS = 5.0
"""How many seconds after accepting a rotation the local Turso carries it out, in scenarios with such a delay."""
TRIES = 5
"""How many times a person tries an action if Slack reports that the bot didn't respond."""


async def ask(harness: Harness, line: str) -> Acted:
    """Let Dana type a command."""
    return await harness.world.workspace.say(DANA, DB_OPS, f"/turso {line}")


def acknowledged(acted: Acted | None) -> bool:
    """Return True if the bot acknowledged the command, press or form."""
    deliveries = acted.deliveries if acted is not None else ()
    return bool(deliveries) and all(one.ok and one.status == 200 for one in deliveries)


async def ask_until_acknowledged(harness: Harness, line: str) -> None:
    """Let Dana type a command, and repeat it if Slack reports that the bot didn't respond in time."""
    for _ in range(TRIES):
        if acknowledged(await ask(harness, line)):
            return
    raise AssertionError(f"{line} was not acknowledged in {TRIES} tries")


async def press_until_acknowledged(harness: Harness, person: str, name: str, label: str) -> None:
    """Press a button, and repeat that if Slack reports no response in time and the button is still there."""
    for _ in range(TRIES):
        if acknowledged(await press(harness, person, name, label)) or card_now(harness, name, label) is None:
            return
    raise AssertionError(f"{label} of {name} was not acknowledged in {TRIES} tries")


def card_now(harness: Harness, name: str, label: str) -> Message | None:
    """Return the newest public message about a database with a button whose label starts with `label`, or None."""
    posted = [one for one in harness.world.workspace.history(DB_OPS, None) if not one.only_for]
    fits = (one for one in reversed(posted) if any(text.startswith(label) for text in buttons(one)))
    return next((one for one in fits if any(f"{mark}{name}{mark}" in words(one) for mark in "`*")), None)


async def card_of(harness: Harness, name: str, label: str) -> Message:
    """Wait for the message that `card_now` returns."""
    return await until(lambda: card_now(harness, name, label), what=f"a card for {name} with {label}")


async def press(harness: Harness, person: str, name: str, label: str) -> Acted:
    """Press a button on the newest card of a database."""
    card = await card_of(harness, name, label)
    found = next(button for text, button in buttons(card).items() if text.startswith(label))
    return await harness.world.workspace.click(person, message=card, action_id=found["action_id"])


async def approve(harness: Harness, name: str) -> Acted:
    return await press(harness, ANA, name, "Approve")


async def approve_by_name(harness: Harness, name: str) -> Acted | None:
    """Press Approve and type the name. Return None if no form opened, so that nothing was approved."""
    return await _in_form(harness, name, "Approve", {"typed_name": name})


async def _in_form(harness: Harness, name: str, label: str, values: dict[str, str]) -> Acted | None:
    """Press a button as Ana, and submit the form that it opens. Return None if none opened."""
    workspace = harness.world.workspace
    for view in workspace.views_of(ANA):
        await workspace.close_view(ANA, view.id)
    await press(harness, ANA, name, label)
    try:
        await until(lambda: workspace.views_of(ANA), what="the form", within=4)
    except AssertionError:
        return None
    return await workspace.submit_view(ANA, workspace.views_of(ANA)[-1].id, values)


async def deny(harness: Harness, name: str) -> Acted | None:
    """Press Deny and type a comment. Return None if no form opened."""
    return await _in_form(harness, name, "Deny", {"comment": "not today"})


async def withdraw(harness: Harness, name: str) -> Acted:
    return await press(harness, DANA, name, "Withdraw")


async def undo(harness: Harness, name: str) -> Acted:
    return await press(harness, DANA, name, "Undo")


async def reveal(harness: Harness, name: str) -> Acted:
    return await press(harness, DANA, name, "Reveal")


def typed(line: str) -> Act:
    """Return an action that types a command with the database's name."""

    async def act(harness: Harness, name: str) -> Acted:
        return await ask(harness, line.format(name))

    return act


def after(time: timedelta) -> Act:
    """Return an action that moves the clock forward."""

    async def act(harness: Harness, name: str) -> None:
        harness.clock.pass_time(time)

    return act


async def nothing(harness: Harness, name: str) -> None:
    return None


async def approve_overages(harness: Harness, name: str) -> Acted:
    return await approve(harness, "acme")

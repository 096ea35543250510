"""Every entry point of the bot that may do or show something, from the dispatch tables, and how a person uses it."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from bot.blocks.buttons import CHANNEL_FORM
from bot.commands import COMMANDS
from bot.commands.base import Command
from bot.core.alerts import AlertKind
from bot.core.parsing.argument_schema import shape_of
from bot.core.requests.request import Request, State
from bot.pipeline.dispatch import button_actions, modal_submissions
from bot.slack.manifest import GLOBAL_SHORTCUT, MESSAGE_SHORTCUT
from tests.scenarios import forging
from tests.scenarios.alerting import ended, raised
from tests.scenarios.generated import LINES
from tests.scenarios.requesting import reaches
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, until

Ready = Callable[[], None]
"""A function that is called after the preparation. Policy decisions after this call belong to the entry point."""
Way = Callable[[World, Ready], Awaitable[None]]
"""A function that uses an entry point once, after its preparation."""
SAMPLES = {
    "name": "orders", "key": "INC-1", "on": "on", "command": "list", "expiration": "1h", "for": "30m",
    "weekly": "mon 09:00", "daily": "09:00", "until": "3h", "to": BEN, "source": "orders",
}  # fmt: skip
"""Valid values of arguments, by the argument's key."""
FOR_COMMAND = {"rewind": {"to": "1s ago"}, "branch": {"name": "fresh-copy"}}
"""By command: arguments that need another value than the one in `SAMPLES`."""
NAMES = {"create": "fresh", "thaw": "held", "restore": "quarantined", "wake": "asleep",
         "rewind switch": "rewound", "rewind keep": "rewound", "rewind discard": "rewound"}  # fmt: skip
"""By command: the name of a database to which the command can be applied. All other commands use `orders`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry point, and a function that uses it."""

    name: str
    take: Way


def entries() -> Iterator[Entry]:
    """Yield all entry points: those in the bot's dispatch tables, and those that no table lists, such as mentions."""
    for command in COMMANDS:
        yield Entry(f"command: {command.name}", _typing(command))
        yield Entry(f"action: form.open.{command.name}", _clicking(f"form.open.{command.name}", ""))
        if command.quick_label:
            yield Entry(f"action: {CHANNEL_FORM}{command.name}", _clicking(f"{CHANNEL_FORM}{command.name}", DB_OPS))
        yield Entry(f"callback: form.{command.name}", _submitting_form(command))
    yield Entry("mention", _mentioning)
    yield Entry("action: run.", _clicking("run.1", "ls"))
    yield Entry("action: page.", _clicking("page.1", "ls"))
    yield Entry("action: home.page.", _clicking("home.page.mine.2", "mine=2"))
    yield Entry("action: unknown", _clicking("no.such.action", "r-1"))
    for action_id in button_actions.CLICKS:
        yield Entry(f"action: {action_id}", _pressing(action_id))
    for callback_id in modal_submissions.CHECKS:
        yield Entry(f"callback: {callback_id}", _submitting(callback_id))
    yield Entry("options: form.database", _suggesting)
    yield Entry(f"shortcut: {GLOBAL_SHORTCUT}", _global_shortcut)
    yield Entry(f"shortcut: {MESSAGE_SHORTCUT}", _message_shortcut)
    yield Entry("home", _opening_home)


def _typing(command: Command) -> Way:
    async def take(world: World, ready: Ready) -> None:
        line = LINES[command.name][0].replace("{r}", "x").replace("{}", NAMES.get(command.name, "orders"))
        ready()
        dry = " --dry-run" if command.changes and "--dry-run" not in line else ""
        await forging.forge_command(world, DANA, DB_OPS, line + dry)

    return take


def _clicking(action_id: str, value: str) -> Way:
    async def take(world: World, ready: Ready) -> None:
        ready()
        await forging.forge_click(world, DANA, action_id, value, message=world.card())

    return take


def _submitting_form(command: Command) -> Way:
    async def take(world: World, ready: Ready) -> None:
        opened = await an_intent(world)
        args: type[BaseModel] = command.args
        samples = SAMPLES | ({"name": NAMES[command.name]} if command.name in NAMES else {})
        samples |= FOR_COMMAND.get(command.name, {})
        values: dict[str, Any] = {
            f"arg.{one.key}": samples[one.key]
            for one in shape_of(args).by_key.values()
            if one.key in samples and not one.flag
        }
        if command.changes:
            values["common"] = {"type": "checkboxes", "selected_options": [{"value": "--dry-run"}]}
        ready()
        answer = await forging.forge_submission(world, DANA, f"form.{command.name}", opened, values)
        assert answer.answer == "", f"the sample does not fill the form of {command.name}: {answer.answer[:300]}"

    return take


def _pressing(action_id: str) -> Way:
    """Return a function that presses the button once with each ID that may belong to it.

    For alerts, branches, copies and incidents, it creates the object and uses its ID.
    """

    async def take(world: World, ready: Ready) -> None:
        if action_id == "token.end":  # an earlier test may have revoked all tokens
            await forging.forge_command(world, DANA, DB_OPS, "token orders --read-only")
            await world.wait_until_idle()
        if action_id == "hold.thaw":  # an earlier test may have ended all freezes
            await _freeze(world, "frozen")
        values = await values_of(world)
        alert = await raised(world, AlertKind.QUOTA, "orders") if action_id.startswith("alert.") else None
        values = [alert.id] if alert else values
        if action_id.startswith("branch."):
            values = [await _branch(world, f"copy-{action_id.partition('.')[2]}")]
        if action_id.startswith("copy."):
            values = [await _rewind(world, f"was-{action_id.partition('.')[2]}")]
        if is_of_incidents := action_id.startswith("incident."):
            values = [await _incident(world)]
        ready()
        for value in values:
            await forging.forge_click(world, ANA, action_id, value, message=world.card())
            await world.wait_until_idle()
        if alert:
            await ended(world, alert)
        if is_of_incidents:
            await forging.forge_command(world, REMY, DB_OPS, "incident end")
            await world.wait_until_idle()

    return take


async def _freeze(world: World, name: str) -> None:
    """Create a database, and freeze it."""
    await world.create_databases(name)
    remy = world.person(REMY)
    await remy.presses("Freeze writes", await remy.types(f"/turso freeze {name} --for 30m"))
    await until(lambda: world.card(holding=name), what="the freeze")
    await world.wait_until_idle()


async def _branch(world: World, name: str) -> str:
    """Create a branch that has an end date, and return its ID."""
    assert world.bot is not None
    await forging.forge_command(world, DANA, DB_OPS, f"branch orders {name} --for 3d")
    await until(lambda: world.card(holding=f"*{name}* of"), what="the branch")
    await world.wait_until_idle()
    return next(one.id for one in await world.bot.store.branches.find(organization="acme") if one.database == name)


async def _rewind(world: World, name: str) -> str:
    """Make a copy of a database as it was a second ago, and return the ID of the rewind."""
    await world.create_databases(name)
    created = world.turso.clock.now()
    await until(lambda: world.turso.clock.now() - created > timedelta(seconds=2), what="a moment to go back to")
    card = await world.person(DANA).types(f"/turso rewind {name} --to 1s ago", holding=name)
    await world.person(ANA).presses("Approve", card)
    return (await reaches(world, card, State.SUCCEEDED)).id


async def _incident(world: World) -> str:
    """Start an incident, and return its ID."""
    assert world.bot is not None
    await forging.forge_command(world, REMY, DB_OPS, "incident start INC-1")
    await world.wait_until_idle()
    running = await world.bot.store.incidents.running_in(DB_OPS)
    assert running is not None
    return running.id


def _submitting(callback_id: str) -> Way:
    values: dict[str, Any] = {
        "comment": "fine",
        "typed_name": "orders",
        "verdict": {"type": "radio_buttons", "selected_option": {"value": "yes"}},
        "command": "list",
        "channel": DB_OPS,
    }

    async def take(world: World, ready: Ready) -> None:
        found = await values_of(world)
        ready()
        for about in found:
            request = await world.bot.store.requests.get(about) if world.bot else None
            typed = {"typed_name": request.plan.target.name} if request and request.plan.target else {}
            await forging.forge_submission(world, ANA, callback_id, about, {**values, **typed})
            await world.wait_until_idle()

    return take


async def _mentioning(world: World, ready: Ready) -> None:
    ready()
    await world.workspace.say(DANA, DB_OPS, f"<@{world.workspace.app.bot_user_id}> ls")


async def _suggesting(world: World, ready: Ready) -> None:
    await world.workspace.say(DANA, DB_OPS, "/turso show")
    view = await world.person(DANA).modal("Database")
    await world.wait_until_idle()
    ready()
    assert await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text="ord")
    await world.workspace.close_view(DANA, view.id)


async def _global_shortcut(world: World, ready: Ready) -> None:
    ready()
    await world.workspace.shortcut(DANA, GLOBAL_SHORTCUT)


async def _message_shortcut(world: World, ready: Ready) -> None:
    top = await world.workspace.say(DANA, DB_OPS, "look")
    assert top.message is not None
    ready()
    await world.workspace.message_shortcut(DANA, MESSAGE_SHORTCUT, top.message.ts)


async def _opening_home(world: World, ready: Ready) -> None:
    ready()
    await world.workspace.open_home(DANA)


async def an_intent(world: World, by: str = DANA) -> str:
    """Open a form in #db-ops, and return the intent ID in it, which tells the bot where the form was opened."""
    await world.workspace.say(by, DB_OPS, "/turso show")
    view = await world.person(by).modal("Database")
    await world.workspace.close_view(by, view.id)
    await world.wait_until_idle()
    return str(view.source["private_metadata"])


async def values_of(world: World) -> list[str]:
    """Return IDs of stored requests, holds, reviews and tokens, and the intent ID of a form that Ana opened."""
    assert world.bot is not None
    store = world.bot.store
    requests: list[Request] = list(await store.requests.find(states=list(State)))
    newest = {(one.command, one.state): one.id for one in reversed(requests)}
    holds = [one.id for one in await store.holds.find()]
    reviews = [one.id for one in await store.reviews.find(owed=True)]
    tokens = await store.tokens.find(organization="acme")
    live = await store.tokens.find(organization="acme", live_at=world.clock.now())
    of_tokens = [*(one.id for one in tokens[:2]), *(one.request_id for one in live[:2])]
    return [*newest.values(), *holds[:2], *reviews[:2], *of_tokens, await an_intent(world, ANA)]

"""A scenario for each Web API method that the bot calls, to run while that method fails."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bot.core.requests.request import State
from bot.sandbox.workspace.faults import Fault
from bot.sandbox.workspace.model import Message
from bot.slack.lookups.directory import SlackDirectory
from tests.policies import WITH_DBA_GROUP
from tests.scenarios import forging
from tests.scenarios.requesting import make_request, stored
from tests.world import ANA, BEN, DANA, DB_OPS, INCIDENT, ORDERS, REMY, World, buttons, until, words

POLICY = (
    WITH_DBA_GROUP
    + """\
incidents: {to: "user:U0REMY", databases: ["*"]}
profiles:
  incident: {rules: [{allow: read}]}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {approve: [freeze], by: dba, confirm: none}
  C0ORDERS:
    databases: ["*"]
    rules:
      - {allow: [list, show]}
"""
)
FAULTS: dict[str, dict[str, Any]] = {
    "a web page with 502": {"trouble": "html", "status": 502},
    "a web page with 200": {"trouble": "html", "status": 200},
    "a connection that is cut": {"trouble": "drop"},
    "no answer": {"trouble": "silent"},
    "an unknown error code": {"trouble": "api_error", "error": "moon_phase_unsuitable"},
    "429 for two minutes": {"trouble": "ratelimited", "seconds": 120},
    "fields of other types": {"trouble": "malformed"},
    "ok and nothing else": {"trouble": "bare"},
}
IS_DONE = ("fields of other types", "ok and nothing else")
"""Faults after which the method has taken effect, although its answer can't be read."""


@contextmanager
def failing(world: World, method: str, fault: str) -> Iterator[None]:
    """Make every call of a Slack method fail inside the `with` block."""
    one = Fault(method=method, **FAULTS[fault])
    world.workspace.faults.active.append(one)
    try:
        yield
    finally:
        world.workspace.faults.remove(one)


def forget(world: World) -> None:
    """Empty the bot's caches of people, channels, groups and its workspace, as after a restart."""
    assert world.bot is not None
    world.bot.health.workspace._found = None
    directory = world.bot.env.directory
    assert isinstance(directory, SlackDirectory)
    for cache in (directory._people, directory._channels, directory._inside, directory._groups):
        cache._kept.clear()


def sent(world: World, name: str) -> int:
    """Return how many calls to change a database's configuration Turso got."""
    return len(world.changes("PATCH", f"{name}/configuration"))


def below(world: World, card: Message) -> list[Message]:
    """Return the replies in the thread of a card."""
    return [one for one in world.workspace.history(DB_OPS, None) if one.thread_ts == card.ts != one.ts]


def everything(world: World) -> list[Message]:
    """Return every message in the workspace, including people's own and ephemeral ones."""
    state = world.workspace.state
    posted = [one for messages in state.messages.values() for one in messages.values()]
    return [*posted, *state.ephemerals.values()]


async def frozen_once(world: World, card: Message, name: str) -> None:
    """Wait until a request has succeeded, and assert that its thread has the outcome once."""
    await until(lambda: sent(world, name), what="the freeze")
    await world.wait_until_idle()
    await world.pass_time(minutes=20)
    await until(lambda: below(world, card), what="its outcome")
    await world.wait_until_idle()
    assert (await stored(world, card)).state is State.SUCCEEDED
    assert sent(world, name) == 1
    assert [name in words(one) for one in below(world, card)] == [True], "the outcome is posted once"
    await world.wait_for_content(card, holding="are blocked")


async def named(world: World, card: Message) -> str:
    """Return the name of the database that a card's request is about."""
    return (await stored(world, card)).plan.databases[0].name


@dataclass
class Cell:
    """A Slack method, and the fault with which it fails."""

    world: World
    method: str
    fault: str

    @property
    def is_done(self) -> bool:
        return self.fault in IS_DONE

    def on(self) -> Any:
        return failing(self.world, self.method, self.fault)


async def press_is_refused(cell: Cell) -> None:
    """Press Approve while facts that the decision needs can't be fetched. The press is refused with a reason."""
    world, ana = cell.world, cell.world.person(ANA)
    card = await make_request(world, "/turso freeze {} --reason spike")
    name = await named(world, card)
    forget(world)
    with cell.on():
        text = words(await forging.answer_to(world, ANA, ana.presses("Approve", card)))
        await world.wait_until_idle()
        await others_are_answered(cell)
    assert "ry again" in text or "Slack doesn't" in text, text
    request = await stored(world, card)
    assert (request.state, request.votes, sent(world, name)) == (State.PENDING, (), 0)
    await ana.presses("Approve", card)
    await frozen_once(world, card, name)


async def installation_is_unknown(cell: Cell) -> None:
    """Press Approve and run `doctor` while Slack doesn't return the bot's workspace. The check of Slack fails."""
    await press_is_refused(cell)
    assert cell.world.bot is not None
    with cell.on():
        found = {name: (well, said) for name, well, said in await cell.world.bot.health.doctor()}
    assert not found["slack"][0]
    assert found["slack"][1].endswith(".")


async def outcome_comes_later(cell: Cell) -> None:
    """Approve while a method fails. The change is made once, and its outcome is posted once, perhaps afterwards."""
    world, ana = cell.world, cell.world.person(ANA)
    card = await make_request(world, "/turso freeze {} --reason spike")
    name = await named(world, card)
    with cell.on():
        await ana.presses("Approve", card)
        await until(lambda: sent(world, name), what="the freeze")
        await world.wait_until_idle()
        await others_are_answered(cell)
    await frozen_once(world, card, name)


async def card_comes_later(cell: Cell) -> None:
    """Make a request while posting fails or the new message's `ts` is lost. The request can still be approved.

    Then run `outcome_comes_later`.
    """
    world = cell.world
    name = f"db-{world.workspace.now().timestamp():.6f}".replace(".", "-")
    await world.create_databases(name)
    with cell.on():
        before = len(everything(world))
        await world.workspace.say(DANA, DB_OPS, f"/turso freeze {name} --reason spike")
        await until(lambda: len(everything(world)) > before, what="an answer")
        await world.wait_until_idle()
    await world.pass_time(seconds=30)
    # If only the answer was lost, the first copy of the card is in the channel already, and the bot posts another one.
    card = await until(lambda: next(iter(cards_to_approve(world, name)[cell.is_done :]), None), what="its card")
    await world.wait_until_idle()
    await world.person(ANA).presses("Approve", card)
    await frozen_once(world, card, name)
    await outcome_comes_later(cell)


def cards_to_approve(world: World, name: str) -> list[Message]:
    """Return the posted copies of a card that have an Approve button, oldest first."""
    posted = [one for one in world.workspace.history(DB_OPS, None) if not one.only_for]
    return [one for one in posted if name in words(one) and "Approve" in buttons(one)]


async def answer_falls_back(cell: Cell) -> None:
    """Run a private command while a way to answer privately fails. The answer arrives all the same.

    Then run `outcome_comes_later`.
    """
    world = cell.world
    with cell.on():
        await forging.answer_to(world, DANA, world.workspace.say(DANA, DB_OPS, "/turso ls --private"))
    await outcome_comes_later(cell)


async def link_is_left_out(cell: Cell) -> None:
    """Run a command whose answer has a link while links fail. The answer is sent without it."""
    world = cell.world
    card = await make_request(world, "/turso freeze {} --reason spike")
    name = await named(world, card)
    assert world.bot is not None
    world.bot.env.messenger._links.clear()  # type: ignore[attr-defined]
    with cell.on():
        asks = world.workspace.say(DANA, DB_OPS, f"/turso freeze {name} --reason spike")
        answer = await forging.answer_to(world, DANA, asks, holding="already open")
        assert "<http" not in words(answer)
        await others_are_answered(cell)
    await world.person(ANA).presses("Approve", card)
    await frozen_once(world, card, name)


async def form_fails_visibly(cell: Cell) -> None:
    """Press Deny and type a line that opens a form, while forms fail. Each gets an answer, and nothing is denied."""
    world, ana = cell.world, cell.world.person(ANA)
    card = await make_request(world, "/turso freeze {} --reason spike")
    name = await named(world, card)
    with cell.on():
        for asks in (ana.presses("Deny", card), world.workspace.say(ANA, DB_OPS, "/turso freeze")):
            before = len(forging.private_messages(world, ANA))
            await asks
            await world.wait_until_idle()
            assert world.workspace.views_of(ANA) or len(forging.private_messages(world, ANA)) > before
            for view in world.workspace.views_of(ANA):
                await world.workspace.close_view(ANA, view.id)
        await others_are_answered(cell)
    assert (await stored(world, card)).state is State.PENDING
    await ana.presses("Approve", card)
    await frozen_once(world, card, name)


async def home_comes_later(cell: Cell) -> None:
    """Open Home while publishing it fails. The next opening shows it."""
    world = cell.world
    world.workspace.state.homes.pop(BEN, None)
    with cell.on():
        await world.workspace.open_home(BEN)
        await world.wait_until_idle()
        await others_are_answered(cell)
    await world.workspace.open_home(BEN)
    await until(lambda: world.workspace.home_of(BEN), what="Home")
    await outcome_comes_later(cell)


async def hint_is_left_open(cell: Cell) -> None:
    """Type a command that is refused while Slack doesn't list channels. The answer says that another may allow it."""
    world = cell.world
    with cell.on():
        line = world.workspace.say(DANA, ORDERS, "/turso freeze orders --reason spike")
        text = words(await forging.answer_to(world, DANA, line))
        await others_are_answered(cell)
    assert "Another channel may allow this" in text, text
    assert "None of your other channels" not in text
    with cell.on():
        await world.wait_until_idle()
    line = world.workspace.say(DANA, ORDERS, "/turso freeze orders --reason spike")
    assert "You can use this command in" in words(await forging.answer_to(world, DANA, line))


async def guests_are_not_known(cell: Cell) -> None:
    """Run `doctor` while people can't be listed. It says that it can't tell whether there are guests."""
    assert cell.world.bot is not None
    with cell.on():
        found = {name: (well, said) for name, well, said in await cell.world.bot.health.doctor()}
        await others_are_answered(cell)
    assert "can't tell whether there are guests" in found["guests"][1]


async def report_is_shared_once(cell: Cell) -> None:
    """End an incident while uploads fail. Its report is shared once."""
    world, remy = cell.world, cell.world.person(REMY)
    key = f"INC-{len(world.workspace.calls)}"
    await remy.types(f"/turso incident start {key}", INCIDENT, holding=key)
    await world.wait_until_idle()
    with cell.on():
        await remy.types("/turso incident end", INCIDENT, holding=key)
        await world.wait_until_idle()
        await others_are_answered(cell)
    await world.pass_time(minutes=20)
    await until(lambda: reports(world, key), what="the report")
    await world.wait_until_idle()
    assert len(reports(world, key)) == 1
    ends = [one for one in world.workspace.history(INCIDENT, None) if key in words(one) and "ended" in words(one)]
    assert [one for one in ends if one.user_id != REMY and not one.only_for and not one.files], "the end is announced"


def reports(world: World, key: str) -> list[Message]:
    """Return the messages that share the report of an incident."""
    return [one for one in world.workspace.history(INCIDENT, None) if one.files and key in str(one.files)]


async def others_are_answered(cell: Cell) -> None:
    """Assert that another person gets an answer during the fault, even if it is a refusal."""
    await forging.answer_to(cell.world, BEN, cell.world.workspace.say(BEN, DB_OPS, "/turso whoami"))


Row = Callable[[Cell], Awaitable[None]]
ROWS: dict[str, Row] = {
    "auth.test": installation_is_unknown,
    "users.info": press_is_refused,
    "conversations.info": press_is_refused,
    "conversations.members": press_is_refused,
    "usergroups.users.list": press_is_refused,
    "users.list": guests_are_not_known,
    "users.conversations": hint_is_left_open,
    "chat.getPermalink": link_is_left_out,
    "chat.postMessage": card_comes_later,
    "chat.update": outcome_comes_later,
    "chat.postEphemeral": answer_falls_back,
    "response_url": answer_falls_back,
    "views.open": form_fails_visibly,
    "views.update": form_fails_visibly,
    "views.publish": home_comes_later,
    "files.getUploadURLExternal": report_is_shared_once,
    "upload": report_is_shared_once,
    "files.completeUploadExternal": report_is_shared_once,
}
"""The scenario for each failing method. `response_url` and `upload` are URLs, not methods."""

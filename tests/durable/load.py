"""Produces a light load of commands and approvals, and reports what happened to each command."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg

from bot.core.requests.request import State
from bot.sandbox.workspace.records import Acted, Delivery
from tests.world import BEN, DANA, DB_OPS, World, buttons, words

MADE = "soak-{:04}"
"""The names of the databases that the load creates."""
SAYS = {"create": ":sparkles:", "freeze": "are blocked"}
"""A part of the message about a success, for each command that changes something."""
SETTLED = (State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.STALE, State.EXPIRED, State.CANCELLED)
NOT_RECORDED = "not recorded"
REFUSED = "answered without a request"
"""The outcome of a command that made no request. If it made one, the outcome is the request's state."""
NOT_DONE = (State.FAILED, State.STALE, State.EXPIRED, State.CANCELLED, NOT_RECORDED, REFUSED)
"""The outcomes with which Turso must not show the change."""
NOT_TAKEN = ("This couldn't be saved", "The bot's own database didn't respond")
"""Parts of the answers to a command that couldn't be recorded."""
NEWEST = 80
"""How many of the newest messages are searched for cards that wait for an approval."""
PRESSED_AGAIN_AFTER = 6.0
"""How many seconds after a press it is repeated, if the card still has the button."""

COMMANDS = """
SELECT i.text, i.id, i.is_open, r.id, r.state, r.sent_at IS NOT NULL AS sent
FROM intents i LEFT JOIN requests r ON r.intent_id = i.id WHERE i.kind = 'command' AND i.text LIKE '%soak-%'
"""


class Row(NamedTuple):
    """A command's rows in the store."""

    intent_id: str
    is_open: bool
    request_id: str | None
    state: str
    sent: bool


@dataclass
class Load:
    """Types three commands in turn: a read, a create, and a freeze that another person approves."""

    world: World
    pause: float
    """Seconds between two commands."""
    deliveries: list[Delivery] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Every command line that changes something."""
    _pressed: dict[str, float] = field(default_factory=dict)
    _is_over: bool = False

    async def run(self) -> None:
        """Type commands and approve requests until `stop` is called. A slow acknowledgement delays no other command."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._approve())
            for line in self._lines():
                if self._is_over:
                    break
                tasks.create_task(self._say(line))
                await asyncio.sleep(self.pause)

    def stop(self) -> None:
        self._is_over = True

    def _lines(self) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield "show orders"
            yield self._change(f"db create {MADE.format(number)}")
            if number > 2:  # the previous command may still be in progress
                yield self._change(f"db freeze {MADE.format(number - 2)} --for 5h")

    def _change(self, line: str) -> str:
        self.asked.append(line)
        return line

    async def _say(self, line: str) -> None:
        self._note(await self.world.workspace.say(DANA, DB_OPS, f"/turso {line}"))

    async def _approve(self) -> None:
        while not self._is_over:
            await self.approve_what_waits()
            await asyncio.sleep(1)

    async def approve_what_waits(self) -> None:
        """Press **Approve** on each of the newest cards that has it, unless it was pressed a moment ago."""
        for message in self.world.workspace.history(DB_OPS, BEN)[-NEWEST:]:
            button = buttons(message).get("Approve")
            if button and time.monotonic() > self._pressed.get(message.ts, 0.0) + PRESSED_AGAIN_AFTER:
                self._pressed[message.ts] = time.monotonic()
                action = button["action_id"]
                self._note(await self.world.workspace.click(BEN, message=message, action_id=action))

    def _note(self, acted: Acted) -> None:
        self.deliveries += acted.deliveries


@dataclass(frozen=True)
class Account:
    """The result of a load."""

    acks: list[float]
    """Acknowledgement times in milliseconds, sorted."""
    unacknowledged: list[str]
    changes: int
    ended: dict[str, int]
    """The number of changes per outcome. The numbers add up to `changes`."""
    open: int
    """The number of commands that are neither answered nor done."""
    lost: list[str]
    """Commands without an answer, and changes that have no outcome or whose outcome was never reported."""
    untrue: list[str]
    """Changes whose outcome doesn't match what Turso shows."""
    doubled: list[str]
    """Changes that were sent more often than they should be."""
    store_bytes: int

    def lines(self) -> list[str]:
        """Return the figures as lines of text."""
        at = {name: self.acks[min(int(len(self.acks) * part), len(self.acks) - 1)]
              for name, part in (("half", 0.5), ("99 %", 0.99), ("all", 1.0))}  # fmt: skip
        within = ", ".join(f"{name} within {ms:.0f} ms" for name, ms in at.items())
        return [
            f"acknowledgements: {len(self.acks)}, {within}; without one: {len(self.unacknowledged)}",
            f"requested changes: {self.changes}; outcomes: {self.ended}, open: {self.open}",
            f"store: {self.store_bytes / 1024**2:.1f} MiB",
            f"lost: {len(self.lost)}, untrue: {len(self.untrue)}, doubled: {len(self.doubled)}",
        ]


def account(load: Load, database_url: str, there: Collection[str]) -> Account:
    """Compare the typed commands with the store, with Turso and with the messages in Slack.

    Args:
        there: the names of all databases at Turso.
    """
    with psycopg.connect(database_url) as store:
        (size,) = store.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
        rows = {row[0]: Row(*row[1:]) for row in store.execute(COMMANDS).fetchall()}
    messages = load.world.workspace.history(DB_OPS, DANA)
    seen = [words(one) for one in messages]
    decided = [words(one) for one in messages if "Approve" not in buttons(one)]
    requested = {line: row for line, row in rows.items() if row.request_id}
    ends = {line: _end_of(rows.get(line)) for line in load.asked}
    unsettled = [f"{line} is {row.state}" for line, row in requested.items() if row.state not in SETTLED]
    unheard = [f"{line} (outcome)" for line, row in requested.items()
               if not any(_reports(text, line, row) for text in decided)]  # fmt: skip
    unanswered = [line for line, row in rows.items() if row.request_id is None
                  and not any(row.intent_id in text for text in seen)]  # fmt: skip
    not_taken = [f"{line} (not taken)" for line in load.asked if line not in rows]
    refused = sum(any(sentence in text for sentence in NOT_TAKEN) for text in seen)
    is_reported = len(not_taken) <= refused  # a command that wasn't recorded has no reference to search for
    return Account(
        acks=sorted(one.milliseconds or 0.0 for one in load.deliveries if one.ok),
        unacknowledged=[f"{one.kind} {one.payload.get('text', '')}: {one.failure} {one.status}"
                        for one in load.deliveries if not one.ok],
        changes=len(load.asked),
        ended=dict(Counter(ends.values())),
        open=sum(row.is_open for row in rows.values()),
        lost=[*unsettled, *unheard, *unanswered, *([] if is_reported else not_taken)],
        untrue=_untrue(load.world, ends, there),
        doubled=_doubled(load.world, requested),
        store_bytes=size,
    )  # fmt: skip


def _reports(text: str, line: str, row: Row) -> bool:
    """Return True if a message that doesn't ask for approval is about a request, and about its success if it has one.

    Messages contain the ID of their request.
    """
    says = SAYS[line.split()[1]] if row.state == State.SUCCEEDED else ""
    return str(row.request_id) in text and says in text


def _end_of(row: Row | None) -> str:
    """Return the outcome of a command: the state of its request, `REFUSED` or `NOT_RECORDED`."""
    if row is None:
        return NOT_RECORDED
    return row.state if row.request_id else REFUSED


def _untrue(world: World, ends: dict[str, str], there: Collection[str]) -> list[str]:
    """Return the changes that succeeded but that Turso doesn't show, and those in `NOT_DONE` that it shows."""
    changed = {_name(one.path) for one in world.changes("PATCH", "/configuration") if one.status < 300}
    done = {"create": there, "freeze": changed}
    is_true = {State.SUCCEEDED: True, **dict.fromkeys(NOT_DONE, False)}
    return [
        f"{line}: {end}"
        for line, end in ends.items()
        if end in is_true and is_true[end] != (line.split()[2] in done[line.split()[1]])
    ]


def _doubled(world: World, requested: dict[str, Row]) -> list[str]:
    """Return the databases that were frozen more than once, and a line if more creates were sent than were marked."""
    sent = Counter(_name(one.path) for one in world.changes("PATCH", "/configuration"))
    creates = len(world.changes("POST", "/databases"))
    wanted = sum(row.sent for line, row in requested.items() if " create " in line)
    return [name for name, times in sent.items() if times > 1] + (
        [f"{creates} calls for {wanted} creates"] if creates > wanted else []
    )


def _name(path: str) -> str:
    return path.split("/")[-2]

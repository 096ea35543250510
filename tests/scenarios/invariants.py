"""The checks at the end of a sandbox run: nothing broke, and the bot showed only buttons and forms that it handles."""

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, cast

import structlog

from bot.app.logs import Line
from bot.blocks.inputs import INPUT_ACTION
from bot.commands import COMMANDS
from bot.core.requests.approval import may_transition
from bot.core.requests.request import Request, State
from bot.core.requests.transition import Transition
from bot.pipeline.approval import presses
from bot.pipeline.dispatch import button_actions, modal_submissions
from tests.world import World

OUR_FAULT = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "invalid_arguments", "invalid_arg_name", "not_in_channel"}
)
"""Slack's errors for calls in which the bot sent something wrong."""
NOT_READ = ("drop", "silent", "html")
"""Faults with which the local Slack fails before it reads the call's arguments."""
BROKE = ("a command failed because of a bug", "durable.given_up", "cards were not updated")
"""Events in the bot's own log about unexpected failures."""
NAMES = frozenset(command.name for command in COMMANDS)


class KeptLog(logging.Handler):
    """A log handler that keeps the formatted lines in `lines`. `KeptLine` fills `own`."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.own: list[str] = []
        """The lines of the bot's own log, which doesn't go through `logging`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(self.format(record))

    @property
    def tracebacks(self) -> list[str]:
        """Return the lines from `logging` with a traceback, and the bot's own lines about unexpected failures."""
        broke = [line for line in self.own if any(word in line for word in BROKE)]
        return [line for line in self.lines if "Traceback" in line] + broke


class KeptLine(Line):
    """Writes and keeps the bot's own log lines, which don't go through `logging`."""

    def __init__(self, lines: list[str], name: str = "") -> None:
        super().__init__(name)
        self._lines = lines

    def msg(self, line: str) -> None:
        """Keep and write one line."""
        self._lines.append(line)
        super().msg(line)

    debug = info = warning = error = critical = exception = log = msg


def keep_log() -> KeptLog:
    """Keep the log that the bot set up in this process: its own lines and those of libraries."""
    root, kept = logging.getLogger(), KeptLog()
    kept.setFormatter(root.handlers[0].formatter)
    root.addHandler(kept)
    structlog.configure(logger_factory=partial(KeptLine, kept.own))
    return kept


def action_ids(shown: Any) -> Iterator[str]:
    """Yield every `action_id` in a message or view, except inputs of forms, which Slack doesn't send separately."""
    if isinstance(shown, dict):
        element = shown.get("element", {}) if shown.get("type") == "input" else {}
        if "action_id" in shown and shown["action_id"] != INPUT_ACTION:
            yield shown["action_id"]
        for key, one in shown.items():
            if not (key == "element" and element and not shown.get("dispatch_action")):
                yield from action_ids(one)
    elif isinstance(shown, list):
        for one in shown:
            yield from action_ids(one)


def option_sources(shown: Any) -> Iterator[str]:
    """Yield the `action_id` of every menu whose options Slack requests from the bot."""
    if isinstance(shown, dict):
        if str(shown.get("type", "")).endswith("external_select"):
            yield shown["action_id"]
        for one in shown.values():
            yield from option_sources(one)
    elif isinstance(shown, list):
        for one in shown:
            yield from option_sources(one)


def rendered(world: World) -> list[Any]:
    """Return the arguments of every call of the bot to Slack."""
    return [call.args for call in world.workspace.calls]


def callback_ids(shown: Any) -> Iterator[str]:
    """Yield the `callback_id` of every view that can be submitted."""
    if isinstance(shown, dict):
        if shown.get("type") == "modal" and "submit" in shown:
            yield shown.get("callback_id", "")
        for one in shown.values():
            yield from callback_ids(one)
    elif isinstance(shown, list):
        for one in shown:
            yield from callback_ids(one)


def is_known_action(action_id: str) -> bool:
    """Return True if the pipeline handles the action."""
    known = action_id in button_actions.CLICKS or presses.carries_line(action_id) or presses.turns_home(action_id)
    return known or (presses.form_of(action_id) or presses.channel_form_of(action_id)) in NAMES


def is_known_callback(callback_id: str) -> bool:
    """Return True if the pipeline handles submissions with this `callback_id`."""
    family, _, name = callback_id.partition(".")
    return callback_id in modal_submissions.CHECKS or (family == "form" and name in NAMES)


def record_transitions(world: World) -> list[str]:
    """Check every later call of `requests.move`, and return a list to which forbidden transitions are added.

    The list gets one sentence for each change of state that a call allows and that isn't in `TRANSITIONS`.
    """
    assert world.bot is not None
    requests, forbidden = world.bot.store.requests, list[str]()

    async def move(request_id: str, *, expect: Sequence[State], move: Transition) -> Request | None:
        for state in expect:
            if state is not move.to and not may_transition(state, move.to):
                forbidden.append(f"a request may change from {state} to {move.to}")
        return await type(requests).move(requests, request_id, expect=expect, move=move)

    cast(Any, requests).move = move
    return forbidden


def problems(world: World, log: KeptLog) -> list[str]:
    """Return what went wrong in a sandbox, in one sentence each."""
    found = [f"a traceback: {line}" for line in log.tracebacks]
    for call in world.workspace.calls:
        if call.error in OUR_FAULT:
            found.append(f"Slack refused {call.method}: {call.error} {call.answer} {call.args}")
        unfurls = (call.args.get("unfurl_links"), call.args.get("unfurl_media")) != (False, False)
        if call.method == "chat.postMessage" and unfurls and call.error not in NOT_READ:
            found.append(f"links would unfurl: {call.args}")
    shown = rendered(world)
    found += [f"no code handles the action {one}" for one in sorted(set(action_ids(shown))) if not is_known_action(one)]
    found += [
        f"no code handles the form {one}" for one in sorted(set(callback_ids(shown))) if not is_known_callback(one)
    ]
    found += [
        f"{one.kind} was answered {one.status} {one.failure or ''}" for one in world.workspace.deliveries if one.failure
    ]
    return found

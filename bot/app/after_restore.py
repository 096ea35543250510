"""Prepares a store that was restored from a backup, before the bot runs on it again.

A backup doesn't contain what happened after it was made. Requests that have ended since look open, the countdown of
a quarantine that was undone still runs, and databases may be blocked by requests that aren't in the backup.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.app.unexplained_blocks import Blocks, find_unexplained
from bot.core.records.audit_entry import TIMER
from bot.core.requests.request import BEFORE_SENT, Request, State
from bot.errors import BotError
from bot.pipeline.approval.confirmation import withdrawal
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.quarantine.countdown import stop_countdown

RESTORED: Final = (
    "The bot's data was restored from a backup. Anything that happened after the backup was made is missing."
)


class StillRunning(BotError):
    """Raised if processes are running on the store. The message names them."""


@dataclass(slots=True)
class Report:
    """What was done, and what people must check."""

    withdrawn: list[Request] = field(default_factory=list)
    stopped: list[Request] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    """Requests whose change was sent before the backup. Their outcomes are read from Turso after the start."""
    blocks: Blocks = field(default_factory=Blocks)
    """The blocked databases that the store can't explain, and what couldn't be checked."""


async def after_restore(env: Environment, running: Collection[str]) -> Report:
    """Withdraw open requests, stop countdowns, and find blocks that the store can't explain. Safe to run again.

    Args:
        running: the processes that have used the store within the last minute.
    Raises:
        StillRunning: `running` isn't empty.
    """
    if running:
        raise StillRunning(f"Stop all of the bot's processes first. Still running: {', '.join(sorted(running))}.")
    report = Report()
    for request in await env.store.requests.find(states=list(BEFORE_SENT)):
        await _withdraw(env, request, report)
    for request in await env.store.requests.find(states=[State.QUARANTINED]):
        if request.due_at is not None:
            await stop_countdown(env, request, RESTORED)
            report.stopped.append(request)
    report.blocks = await find_unexplained(env.turso_clients, env.rules.policy.organizations_used, env.store.holds)
    return report


async def _withdraw(env: Environment, request: Request, report: Report) -> None:
    outcome = f"Nothing was changed. {RESTORED}"
    move = withdrawal(request, env.clock.now(), outcome, by=TIMER)
    if await env.store.requests.move(request.id, expect=BEFORE_SENT, move=move) is None:
        report.sent.append(request)
        return
    report.withdrawn.append(request)
    await notify_outcome(env, request.id)


def lines(report: Report) -> Sequence[str]:
    """Return the report as lines for an operator."""
    found = [f"Withdrawn: {request.line} ({request.id})" for request in report.withdrawn]
    found += [f"Countdown stopped, still in quarantine: {request.line} ({request.id})" for request in report.stopped]
    found += [f"Sent before the backup, outcome to be read from Turso: {one.line} ({one.id})" for one in report.sent]
    for one in report.blocks.unexplained:
        what = " and ".join(word for word, on in (("reads", one.reads), ("writes", one.writes)) if on)
        found.append(
            f"Blocked for an unknown reason: `{one.database}` in `{one.organization}` ({what}). In Slack, run "
            f"`/turso freeze {one.database}` to turn the block into a freeze, or `/turso thaw {one.database}` to "
            "remove it."
        )
    found += [f"Couldn't be checked for unexplained blocks: {one}" for one in report.blocks.unknown]
    return found or ["No requests were open, and the reason for every block is known."]

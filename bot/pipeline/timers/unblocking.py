"""Unblocks what released holds have left blocked.

If two holds end at the same time, each leaves the blocks that both need to the other one.
"""

from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto
from typing import Final

import structlog

from bot.commands.databases import _holds as holding
from bot.commands.databases import thaw
from bot.core.records.audit_entry import TIMER
from bot.core.records.holds import Hold
from bot.core.records.timers import Timer
from bot.core.requests.request import State
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import deliver_and_close, notice_of
from bot.pipeline.outcomes.live_cards import refresh_live_cards
from bot.pipeline.outcomes.request_cards import below_card
from bot.pipeline.replies import entry, private_note
from bot.turso import DatabaseNotFound, TursoClient, TursoReader

AGAIN: Final = timedelta(seconds=30)
"""The first pause before the bot looks again whether the database is unblocked. While Turso shows blocks, it grows."""
LONGEST_AGAIN: Final = timedelta(minutes=5)
AFTER_RELEASE: Final = timedelta(minutes=15)
"""How long after its release a hold's blocks are still removed. Later, someone else may have set them."""
NOT_SHOWN: Final = "Turso still shows the database as blocked."

NOW: Final = "unblocked"
"""The `event` of the notice that a database is unblocked after all."""

PREFIX: Final = "unblocking "
BEGUN: Final = f"{PREFIX}begun"
SUCCEEDED: Final = f"{PREFIX}succeeded"
"""The `event`s that record that an audit entry was added, with the entry's outcome."""

log = structlog.get_logger(__name__)


class Rest(Enum):
    """What a released hold has left blocked, after the bot has looked at it."""

    NONE = auto()
    """Nothing that the bot has had to unblock."""
    UNBLOCKED = auto()
    """It is unblocked, now or by an earlier attempt."""
    STILL_BLOCKED = auto()
    """Turso doesn't show yet that the database is unblocked."""


async def unblock_rest(env: Environment, timer: Timer) -> Timer | None:
    """Unblock what a released hold needed and no other hold needs.

    If more than `AFTER_RELEASE` has passed since the release, this changes nothing, and `doctor` reports what is left.

    Raises:
        BotError: Turso didn't respond. The timer is retried, and `doctor` shows the failure.
    """
    hold = await env.store.holds.get(timer.subject)
    if hold is None or hold.released_at is None:
        return None
    if is_too_late(env, hold):
        log.warning("hold.rest_not_unblocked", hold=hold.id, database=hold.database)
        return None
    turso = env.turso_clients.turso(hold.organization)
    if not await is_there(turso, hold):
        return None
    rest = await open_rest(env, turso, hold)
    if rest is Rest.STILL_BLOCKED:
        return timer.failed(NOT_SHOWN, again_at=env.clock.now() + pause_after(timer.failures))
    if rest is Rest.UNBLOCKED:
        await _notify(env, turso, hold)
    if await _is_left_to_a_start(env, hold):
        return replace(timer, due_at=env.clock.now() + AGAIN)
    return None


def is_too_late(env: Environment, hold: Hold) -> bool:
    """Return True if someone else may have blocked the database since a hold was released."""
    return hold.released_at is not None and env.clock.now() > hold.released_at + AFTER_RELEASE


async def open_rest(env: Environment, turso: TursoClient, hold: Hold) -> Rest:
    """Unblock what a released hold needed and no other hold needs. Safe to repeat after a crash.

    The audit log says that it began before Turso is called, and that it succeeded once Turso shows it.
    """
    rest = await holding.lift_of_rest(env.store, hold)
    is_lifted = await holding.is_lifted(turso, env.store, rest)
    if not is_lifted:
        await _record(env, hold, BEGUN)
        is_lifted = await holding.lift_once(turso, env.store, rest)
        log.info("hold.rest_unblocked", hold=hold.id, database=hold.database, shown=is_lifted)
        await refresh_live_cards(env, hold.organization, [hold.database])
    elif not await env.store.notices.was_notified(hold.id, BEGUN):
        return Rest.NONE
    if not is_lifted:
        return Rest.STILL_BLOCKED
    await _record(env, hold, SUCCEEDED)
    return Rest.UNBLOCKED


async def _record(env: Environment, hold: Hold, event: str) -> None:
    """Add an audit entry about the unblocking of what a hold has left, once for each event."""
    request = await env.store.requests.get(hold.request_id)
    made = entry(
        "unblocked", event.removeprefix(PREFIX), at=env.clock.now(), request=request, command=thaw.command.name,
        databases=[hold.database], organization=hold.organization, by=TIMER, hold=hold.id,
    )  # fmt: skip
    await env.store.notices.record_once(hold.id, event, replace(made, channel_id=hold.channel_id))


async def _notify(env: Environment, turso: TursoReader, hold: Hold) -> None:
    """Notify people that the database is unblocked now, because they may have been told that it is still blocked."""
    request = await env.store.requests.get(hold.request_id)
    if request is None or any(await holding.blocked(turso, hold.database)):
        return
    _, thread_ts = await below_card(env, request)
    words = f"`{hold.database}` is unblocked now. All its freezes and quarantines have ended."
    reply = replace(private_note(words), private=False)
    await deliver_and_close(env, await notice_of(env, request, NOW, reply, thread_ts=thread_ts, subject=hold.id))


async def is_there(turso: TursoReader, hold: Hold) -> bool:
    """Return True if the database of a hold still exists."""
    try:
        return (await turso.database(hold.database)).id == hold.database_id
    except DatabaseNotFound:
        return False


def pause_after(failures: int) -> timedelta:
    """Return the pause before the next read, after Turso hasn't shown the change this many times."""
    return min(AGAIN * (1 << min(failures, 5)), LONGEST_AGAIN)


async def _is_left_to_a_start(env: Environment, hold: Hold) -> bool:
    """Return True while a request with a hold is executing. If it fails, it may leave blocks, so look again later."""
    held = await env.store.holds.find(database_id=hold.database_id)
    requests = [await env.store.requests.get(one.request_id) for one in held]
    return any(one is not None and one.state is State.EXECUTING for one in requests)

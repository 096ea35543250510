"""Scheduled digests: measured, written, marked and posted. None is posted twice, or lost without a notice."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, channel, mrkdwn
from bot.commands._lines import command_line
from bot.commands.digests import digest_now
from bot.commands.digests._digest import digest, measure
from bot.commands.digests._schedule import length, next_due, period_name
from bot.core.model import Action, Subject
from bot.core.records.timers import Timer
from bot.core.records.usage import Digest
from bot.core.reply import Reply
from bot.errors import BotError, CannotPost, Unavailable
from bot.pipeline.authorization.decision import may_be_shown
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.channel_links import for_reader
from bot.pipeline.outcomes.delivery import may_be_seen

log = structlog.get_logger(__name__)

TRIES: Final = 5
PAUSE: Final = timedelta(minutes=10)
BEGUN: Final = "?"
"""Suffix of a period whose digest was sent to Slack but may not have arrived."""
NOWHERE: Final = "!"
"""Suffix of a period whose digest couldn't be posted or shown. The person who set it up was notified."""
DIGEST: Final = Action(digest_now.command.name)


async def digest_is_due(env: Environment, timer: Timer) -> Timer | None:
    """Post a channel's digest once per period, and schedule the next. A failure doesn't affect other channels."""
    kept = await env.store.digests.get(timer.subject)
    if kept is None:
        return None
    if kept.next_at > env.clock.now():
        return replace(timer, due_at=kept.next_at, attempt=0)
    period = period_name(kept, kept.next_at)
    if kept.last_period == period + BEGUN:
        return await _hand_over(env, timer, kept, period, _cut_short(period), before=kept.last_period, after=period)
    if kept.last_period.rstrip(NOWHERE) != period:
        return await _first_time(env, timer, kept, period)
    return await _schedule_next(env, timer, kept, period)


async def _first_time(env: Environment, timer: Timer, kept: Digest, period: str) -> Timer | None:
    """Write, mark and post a digest. Only a failure before the mark is retried, so none is posted twice."""
    is_shown = True
    try:
        subject = await _standing(env, kept)
        is_shown = may_be_shown(env, subject, DIGEST, kept.organization)
        written = await _written(env, kept, subject) if is_shown else _not_shown(kept)
    except BotError as error:
        if timer.attempt + 1 < TRIES:
            return timer.failed(str(error), again_at=env.clock.now() + PAUSE)
        written = _no_digest(error)
    if not await env.store.digests.mark(kept.channel_id, period + BEGUN, was=kept.last_period):
        # The digest was turned off or changed in the meantime, so it isn't posted now.
        now_kept = await env.store.digests.get(kept.channel_id)
        return replace(timer, due_at=now_kept.next_at, attempt=0) if now_kept else None
    going = period if is_shown else period + NOWHERE
    return await _hand_over(env, timer, kept, period, written, before=kept.last_period, after=going)


async def _hand_over(
    env: Environment, timer: Timer, kept: Digest, period: str, written: Reply | None, *, before: str, after: str
) -> Timer | None:
    """Post a digest that is marked as begun. If it can't be posted, notify the person who turned it on, once.

    Args:
        written: the digest. None if it may not be shown and that was announced before.
        before: the mark before the digest was begun.
        after: the mark for a posted digest.
    """
    came = None
    try:
        came = written is None or await _post(env, kept, written)
        if not came and not before.endswith(NOWHERE):
            await _notify_not_posted(env, kept)
    except Unavailable as error:
        # The next attempt writes the digest again, but only if it certainly wasn't posted.
        if came is False or error.nothing_happened:
            await env.store.digests.mark(kept.channel_id, before, was=period + BEGUN)
        return replace(timer.failed(str(error), again_at=env.clock.now() + PAUSE), attempt=0)
    return await _schedule_next(
        env, timer, replace(kept, last_period=period + BEGUN), after if came else period + NOWHERE
    )


async def _schedule_next(env: Environment, timer: Timer, kept: Digest, period: str) -> Timer | None:
    following = next_due(kept, env.clock.now())
    if not await env.store.digests.mark(kept.channel_id, period, was=kept.last_period, next_at=following):
        return (
            None
            if await env.store.digests.get(kept.channel_id) is None
            else replace(timer, due_at=following, attempt=0)
        )
    return replace(timer, due_at=following, attempt=0)


async def _written(env: Environment, kept: Digest, subject: Subject) -> Reply:
    ctx = env.context(subject, command=DIGEST.command, organization=kept.organization, line=DIGEST.command)
    await measure(ctx)
    return await digest(ctx, length(kept))


async def _post(env: Environment, kept: Digest, written: Reply) -> bool:
    """Post to a digest's channel. Returns False if it may not be seen or posted there. Raises Unavailable."""
    if not await may_be_seen(env, kept.channel_id):
        log.warning("a digest may not be shown in its channel", channel=kept.channel_id)
        return False
    try:
        await env.messenger.post(kept.channel_id, written)
    except CannotPost as error:
        log.warning("a digest could not be posted", channel=kept.channel_id, why=error.code)
        return False
    except Unavailable as error:
        log.warning("a digest may not have arrived", channel=kept.channel_id, why=str(error))
        raise
    return True


async def _standing(env: Environment, kept: Digest) -> Subject:
    """Return the person who turned the digest on, as they are now in its channel. Raises Unavailable.

    A digest continues after their account is closed. They then count as a member who is in no user group.
    """
    found = await env.subject_in(kept.by, kept.channel_id)
    return replace(found, person=replace(found.person, is_deactivated=False))


def _cut_short(period: str) -> Reply:
    head = mrkdwn(":newspaper: The digest for `{}` was interrupted. Part of it may be above.", period)
    return _with_button(head)


def _not_shown(kept: Digest) -> Reply | None:
    """Return the notice that the policy allows no digest here. None if it was posted before."""
    if kept.last_period.endswith(NOWHERE):
        return None
    words = mrkdwn(
        ":newspaper: Digests are paused because the policy no longer allows them in this channel. `/turso digest off` "
        "turns them off."
    )
    return reply(words, [kit.section(words)])


def _no_digest(error: BotError) -> Reply:
    return _with_button(mrkdwn(":newspaper: I couldn't create this digest. {}", str(error)))


def _with_button(head: Mrkdwn) -> Reply:
    return reply(
        head, [kit.section(head), *kit.actions(*buttons.run(1, "Show now", command_line(digest_now.command.name)))]
    )


async def _notify_not_posted(env: Environment, kept: Digest) -> None:
    with suppress(CannotPost):
        await env.messenger.direct(kept.by, await for_reader(env, _nowhere(kept), kept.by, was_there=True))


def _nowhere(kept: Digest) -> Reply:
    words = mrkdwn(
        ":newspaper: I can't post your usage digest in {}, because it is archived or I'm not in it. I'll keep trying. "
        "`/turso digest off` there turns it off.",
        channel(kept.channel_id),
    )
    return reply(words, [kit.section(words)], private=True)

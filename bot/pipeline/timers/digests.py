"""Scheduled digests: each is written, marked as begun, and then posted.

None is posted twice. If it is unknown whether one was posted, the next attempt posts a notice.
"""

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
from bot.pipeline.authorization.decision import may_be_shown, require_known
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.channel_links import for_reader
from bot.pipeline.outcomes.delivery import may_be_seen

log = structlog.get_logger(__name__)

TRIES: Final = 5
PAUSE: Final = timedelta(minutes=10)
BEGUN: Final = "?"
"""The suffix of a period whose digest may have been posted, because it was marked as begun."""
NOWHERE: Final = "!"
"""The suffix of a period whose digest couldn't be posted or may not be shown.

The channel, or else the person who turned the digest on, was notified of that if possible.
"""
DIGEST: Final = Action(digest_now.command.name)


async def post_due_digest(env: Environment, timer: Timer) -> Timer | None:
    """Post a channel's digest once per period, and return the next timer. None if the channel has no digest any more.

    If an earlier attempt marked the digest as begun, but didn't record that it was posted, post a notice about that
    instead.
    """
    record = await env.store.digests.get(timer.subject)
    if record is None:
        return None
    if record.next_at > env.clock.now():
        return replace(timer, due_at=record.next_at, attempt=0)
    period = period_name(record, record.next_at)
    if record.last_period == period + BEGUN:
        return await _post_marked(
            env, timer, record, period, _interrupted_notice(period), before=record.last_period, after=period
        )
    if record.last_period.rstrip(NOWHERE) != period:
        return await _write_and_post(env, timer, record, period)
    return await _schedule_next(env, timer, record, record.last_period)


async def _write_and_post(env: Environment, timer: Timer, record: Digest, period: str) -> Timer | None:
    """Write, mark and post a digest.

    Post a notice instead if the digest may not be shown any more, or if it couldn't be written in `TRIES` attempts.
    Post nothing if the digest was turned off or changed meanwhile.
    """
    is_shown = True
    try:
        subject = await _current_author(env, record)
        is_shown = may_be_shown(env, subject, DIGEST, record.organization)
        if not is_shown:
            require_known(env, subject, replace(DIGEST, organization=record.organization))
        message = await _write(env, record, subject) if is_shown else _not_allowed_notice(record)
    except BotError as error:
        if timer.attempt + 1 < TRIES:
            return timer.failed(str(error), again_at=env.clock.now() + PAUSE)
        message = _failure_notice(error)
    if not await env.store.digests.mark(record.channel_id, period + BEGUN, was=record.last_period):
        # The digest was turned off or changed meanwhile, so it isn't posted now.
        current = await env.store.digests.get(record.channel_id)
        return replace(timer, due_at=current.next_at, attempt=0) if current else None
    mark = period if is_shown else period + NOWHERE
    return await _post_marked(env, timer, record, period, message, before=record.last_period, after=mark)


async def _post_marked(
    env: Environment, timer: Timer, record: Digest, period: str, message: Reply | None, *, before: str, after: str
) -> Timer | None:
    """Post a digest that is marked as begun. If it can't be posted, notify the person who turned it on, once.

    Args:
        message: the digest, or a notice instead. None if digests aren't allowed and the last one wasn't posted either.
        before: the mark to set again if nothing was posted.
        after: the mark for a posted digest.
    """
    is_posted = None
    try:
        is_posted = message is None or await _post(env, record, message)
        if not is_posted and not before.endswith(NOWHERE):
            await _notify_not_posted(env, record)
    except Unavailable as error:
        # The next attempt writes the digest again, but only if it certainly wasn't posted.
        if is_posted is False or error.nothing_happened:
            await env.store.digests.mark(record.channel_id, before, was=period + BEGUN)
        return replace(timer.failed(str(error), again_at=env.clock.now() + PAUSE), attempt=0)
    return await _schedule_next(
        env, timer, replace(record, last_period=period + BEGUN), after if is_posted else period + NOWHERE
    )


async def _schedule_next(env: Environment, timer: Timer, record: Digest, period: str) -> Timer | None:
    following = next_due(record, env.clock.now())
    if not await env.store.digests.mark(record.channel_id, period, was=record.last_period, next_at=following):
        return (
            None
            if await env.store.digests.get(record.channel_id) is None
            else replace(timer, due_at=following, attempt=0)
        )
    return replace(timer, due_at=following, attempt=0)


async def _write(env: Environment, record: Digest, subject: Subject) -> Reply:
    ctx = env.context(subject, command=DIGEST.command, organization=record.organization)
    await measure(ctx)
    return await digest(ctx, length(record))


async def _post(env: Environment, record: Digest, message: Reply) -> bool:
    """Post a message to a digest's channel. Returns False if that isn't allowed or possible. Raises Unavailable."""
    if not await may_be_seen(env, record.channel_id):
        log.warning("a digest may not be shown in its channel", channel=record.channel_id)
        return False
    try:
        await env.messenger.post_once(record.channel_id, message)
    except CannotPost as error:
        log.warning("a digest could not be posted", channel=record.channel_id, why=error.code)
        return False
    except Unavailable as error:
        log.warning("a digest may not have arrived", channel=record.channel_id, why=str(error))
        raise
    return True


async def _current_author(env: Environment, record: Digest) -> Subject:
    """Return the person who turned the digest on, with their current Slack data. Raises Unavailable.

    Their digest continues even if their account is deactivated.
    """
    subject = await env.subject_in(record.by, record.channel_id)
    return replace(subject, person=replace(subject.person, is_deactivated=False))


def _interrupted_notice(period: str) -> Reply:
    head = mrkdwn(":newspaper: The digest for `{}` was interrupted. Part of it may be above.", period)
    return _with_button(head)


def _not_allowed_notice(record: Digest) -> Reply | None:
    """Return the notice that the policy allows no digests here. None if the last digest wasn't posted either."""
    if record.last_period.endswith(NOWHERE):
        return None
    words = mrkdwn(
        ":newspaper: Digests are paused because the policy no longer allows them in this channel. `/turso digest off` "
        "turns them off."
    )
    return reply(words, [kit.section(words)])


def _failure_notice(error: BotError) -> Reply:
    return _with_button(mrkdwn(":newspaper: I couldn't create this digest. {}", str(error)))


def _with_button(head: Mrkdwn) -> Reply:
    return reply(
        head, [kit.section(head), *kit.actions(*buttons.run(1, "Show now", command_line(digest_now.command.name)))]
    )


async def _notify_not_posted(env: Environment, record: Digest) -> None:
    with suppress(CannotPost):
        await env.messenger.direct(
            record.by, await for_reader(env, _unposted_notice(record), record.by, was_there=True)
        )


def _unposted_notice(record: Digest) -> Reply:
    words = mrkdwn(
        ":newspaper: I can't post your usage digest in {}. I may not be in the channel or allowed to post there, or it "
        "may be archived or shared with another organization. I'll keep trying. To stop, run `/turso digest off` in "
        "that channel.",
        channel(record.channel_id),
    )
    return reply(words, [kit.section(words)], private=True)

"""Live cards: messages that show a database's state, and are updated after each change by Turso Ops."""

from collections.abc import Sequence

import structlog

from bot.commands.base import ReadCommand
from bot.core.actions import action_of
from bot.core.parsing.parse_results import Parsed
from bot.core.records.notices import LiveCard
from bot.core.reply import Reply
from bot.errors import BotError
from bot.pipeline.authorization.command_line import decide_line
from bot.pipeline.authorization.decision import may_be_shown
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import may_be_seen
from bot.pipeline.outcomes.request_cards import with_timeline
from bot.pipeline.replies import signed

log = structlog.get_logger(__name__)


async def refresh_live_cards(env: Environment, organization: str, databases: Sequence[str]) -> None:
    """Update the live cards of some databases. One that can't be updated stays, because it shows its age."""
    for card in await env.store.live_cards.find(organization, databases):
        try:
            await _refresh(env, card)
        except BotError as error:
            log.info("a live card was not updated", database=card.database, why=str(error))
        except Exception:  # an error in one card must not prevent the updates of others
            log.exception("a live card was not updated", database=card.database)


async def _refresh(env: Environment, card: LiveCard) -> None:
    reply = await _drawn(env, card) if await may_be_seen(env, card.channel_id) else None
    if reply is not None and not await env.messenger.update(card.channel_id, card.ts, reply):
        await env.store.live_cards.drop(card)


async def _drawn(env: Environment, card: LiveCard) -> Reply | None:
    """Return the card with its requester's current permissions. None if it may no longer be shown."""
    read = env.grammar.parse(card.line)
    if not isinstance(read, Parsed) or not isinstance(read.spec, ReadCommand):
        return None
    subject = await env.subject_in(card.user_id, card.channel_id)
    _, action = await decide_line(env, subject, action_of(read.spec.name, read.args))
    if not may_be_shown(env, subject, action, card.organization):
        return None
    ctx = env.context(subject, command=read.spec.name, organization=card.organization)
    reply: Reply = await read.spec.run(ctx, read.args)
    running = await env.store.incidents.running_in(card.channel_id)
    reply = await with_timeline(env, reply, running.id) if running else reply
    return signed(reply, card.user_id, card.line)

"""Run read commands, and send their replies privately or to the channel."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any

from bot.blocks import buttons
from bot.commands._lines import without_private
from bot.commands.base import Command, Context, ReadCommand
from bot.core.actions import action_of
from bot.core.concurrency.deadline import abandon
from bot.core.model import Action, Subject, Visibility
from bot.core.parsing.parse_results import Parsed
from bot.core.ports import address_of
from bot.core.records.notices import LiveCard
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming
from bot.errors import CannotPost
from bot.pipeline.authorization.command_line import require_line_allowed
from bot.pipeline.authorization.decision import require_still_allowed
from bot.pipeline.authorization.vote_counts import with_votes_of_now
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.request_cards import with_timeline
from bot.pipeline.outcomes.shared_files import share_file, share_privately
from bot.pipeline.replies import entry, is_public, signed, with_actions
from bot.pipeline.requests.explain import explain
from bot.pipeline.requests.suggestions import with_suggestions


async def answer(
    env: Environment,
    incoming: Incoming,
    subject: Subject,
    read: Parsed[Command],
    command: ReadCommand[Any],
) -> str:
    """Authorize a read command, run it and send its reply.

    Returns:
        The outcome in one word, for the log and the metrics.
    """
    ctx = env.context(
        subject,
        command=command.name,
        explain=partial(explain, env),
        counted=partial(with_votes_of_now, env),
    )
    return await with_suggestions(env, ctx, _answer(env, incoming, ctx, read, command))


async def _answer(
    env: Environment, incoming: Incoming, ctx: Context, read: Parsed[Command], command: ReadCommand[Any]
) -> str:
    decision, action = await require_line_allowed(env, ctx.subject, action_of(command.name, read.args))
    replace_it = incoming.action_id.startswith("page.")
    private = read.common.private or (replace_it and incoming.is_ephemeral)
    if private or decision.visibility is Visibility.EPHEMERAL:
        reply = await command.run(ctx, read.args)
    else:
        reply = await _run_for_channel(env, ctx, action, command.run(ctx, read.args))
    public = is_public(decision, reply, private=private)
    if (
        public
        and ctx.subject.incident_profile
        and (running := await env.store.incidents.running_in(incoming.channel_id))
    ):
        reply = await with_timeline(env, reply, running.id)
    if public:
        reply = signed(reply, ctx.subject.person.id, read.text)
    elif is_public(decision, reply, private=False) and incoming.channel_id:
        reply = with_actions(reply, buttons.share(without_private(read.text)))
    if not (public and command.is_live and await _posted_live(env, incoming, ctx, read, reply, in_place=replace_it)):
        await env.messenger.answer(address_of(incoming), reply, public=public, replace=replace_it)
    if public:
        await share_file(env, reply, incoming.channel_id, incoming.thread_ts)
    else:
        await share_privately(env, reply, incoming.user_id, subject=incoming.id)
    if not command.open_to_all:
        name = read.args.__dict__.get("name")  # pydantic's __getattr__ is slow for missing fields
        await env.store.audit.append(
            entry("read", "allowed", at=ctx.now, subject=ctx.subject, incoming=incoming, decision=decision,
                  command=command.name, databases=[name] if isinstance(name, str) else [],
                  organization=ctx.organization, policy_hash=ctx.policy.hash)
        )  # fmt: skip
    return "answered"


async def _run_for_channel(env: Environment, ctx: Context, action: Action, run: Awaitable[Reply]) -> Reply:
    """Run a command and look up its channel meanwhile. Raises Forbidden if the reply may no longer be posted there."""
    looked_up = asyncio.create_task(env.directory.channel(ctx.subject.channel.id, fresh=True))
    try:
        reply = await run
        if not reply.private:
            require_still_allowed(env, ctx, action, await looked_up)
        return reply
    finally:
        abandon(looked_up)


async def _posted_live(
    env: Environment, incoming: Incoming, ctx: Context, read: Parsed[Command], reply: Reply, *, in_place: bool
) -> bool:
    """Post a reply as a live card, or update one. Returns False if the reply must be sent in another way."""
    ts = incoming.message_ts if in_place and not incoming.is_ephemeral else None
    if ts is not None and not await env.messenger.update(incoming.channel_id, ts, reply):
        return False
    try:
        ts = ts or await env.messenger.post(incoming.channel_id, reply, thread_ts=incoming.thread_ts)
    except CannotPost:
        return False
    if not ts:  # posted, but it can't be updated later
        return True
    name = str(read.args.__dict__.get("name", ""))
    await env.store.live_cards.add(
        LiveCard(incoming.channel_id, ts, ctx.organization, name, read.text, incoming.user_id, ctx.now)
    )
    return True

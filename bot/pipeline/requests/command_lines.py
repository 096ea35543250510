"""After the ack of a command line: who asks, may they, and what follows: an answer, a form, or a request."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial
from typing import Any

from bot.blocks import forms, plans
from bot.commands.base import Command, Context, FollowUp, ReadCommand, SecretCommand
from bot.core.actions import action_of
from bot.core.model import Action, Decision, Subject, Verdict, Visibility
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import Incomplete, Parsed, close
from bot.core.ports import address_of
from bot.core.records.notices import LiveCard
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.plan import Plan
from bot.errors import BotError, CannotPost, Refused
from bot.pipeline.approval import presses
from bot.pipeline.authorization.checks import UNDOES
from bot.pipeline.authorization.command_line import decide_incomplete, decide_line, own_undo
from bot.pipeline.authorization.decision import Forbidden, judge, planned_action, require_allowed
from bot.pipeline.environment import SETTLES, Environment
from bot.pipeline.outcomes.follow_ups import share_file
from bot.pipeline.outcomes.request_cards import with_timeline
from bot.pipeline.quarantine import undoing
from bot.pipeline.replies import entry, is_public, signed
from bot.pipeline.requests.explain import explain
from bot.pipeline.requests.open_request import open_request
from bot.pipeline.requests.places import must_be_in_channel, with_channel_of_now
from bot.turso import DatabaseNotFound

Read = Parsed[Command] | Incomplete[Command] | BotError


async def ask(env: Environment, incoming: Incoming, read: Read) -> str:
    """Answer one command line.

    Returns:
        The outcome in one word, for the log and the metrics.
    Raises:
        BotError: a sentence for the requester; nothing was changed.
    """
    if isinstance(read, BotError):
        raise read
    if incoming.kind in (Kind.SUBMISSION, Kind.ACTION):
        reads = isinstance(read, Parsed) and not read.spec.changes
        await must_be_in_channel(env, incoming, fresh=incoming.kind is Kind.SUBMISSION or not reads)
    subject = await env.subject(incoming)
    if isinstance(read, Incomplete):
        return await open_form(env, incoming, subject, read)
    return await continue_request(env, incoming, subject, read)


async def continue_request(
    env: Environment,
    incoming: Incoming,
    subject: Subject,
    read: Parsed[Command],
    *,
    follow_up: FollowUp | None = None,
) -> str:
    """Decide on a line that is complete, and answer it, or open a request for it.

    Args:
        follow_up: what a button is about: the plan is bound to it.
    """
    command, args = read.spec, read.args
    undo = await own_undo(env, incoming, command, args)
    if undo and not read.common.dry_run:
        return await undoing.undo_request(env, incoming, undo)
    action = action_of(command.name, args)
    decision, action = (UNDOES, action) if undo else await _decide(env, subject, action)
    ctx = env.context(
        subject, command=command.name, line=read.text, reason=read.common.reason or "", ticket=read.common.ticket or ""
    )
    if isinstance(command, ReadCommand):
        return await _read(env, incoming, ctx, read, command, decision, action)
    work = _with_suggestions(env, ctx, command.plan(replace(ctx, follow_up=follow_up), args))
    if read.common.dry_run:
        plan = await work
    else:
        reveals = isinstance(command, SecretCommand) and decision.verdict is Verdict.ALLOW
        subject, plan = await asyncio.gather(with_channel_of_now(env, subject, fresh=not reveals), work)
    settles = _bound(plan, follow_up)
    plan = replace(
        plan,
        command=command.name,
        options=tuple(sorted(action.options)),
        organization=ctx.organization,
        policy_hash=ctx.policy.hash,
        arguments={**plan.arguments, **({SETTLES: settles} if settles else {})},
    )
    decision = UNDOES if undo else require_allowed(env, subject, planned_action(read, plan))
    if decision.verdict is Verdict.BREAK_GLASS and not (read.common.reason or read.common.dry_run):
        return await open_form(env, incoming, subject, _incomplete(env.grammar, command.name, read.text), why=decision)
    if read.common.dry_run:
        await env.messenger.send_ephemeral(address_of(incoming), plans.dry_run(plan, env.catalogue, decision))
        await env.store.audit.append(
            entry("planned", "dry_run", at=ctx.now, subject=subject, incoming=incoming, decision=decision,
                  command=command.name, databases=[one.name for one in action.databases],
                  organization=ctx.organization, policy_hash=ctx.policy.hash)
        )  # fmt: skip
        return "planned"
    return await open_request(env, incoming, subject, read, command, plan, decision)


def _bound(plan: Plan, follow_up: FollowUp | None) -> str:
    """Return the incident that a plan settles something of. Raises Refused: it is about another object or incident."""
    if follow_up is None:
        return ""
    if follow_up.incident_id:
        if plan.arguments.get("incident_id") != follow_up.incident_id:
            raise Refused(follow_up.over)
        return ""
    if plan.target is None or plan.target.id != follow_up.database_id:
        name = plan.target.name if plan.target else "it"
        raise Refused(f"`{name}` is another database now: the one that this button is about is gone.")
    return follow_up.settles


async def _decide(env: Environment, subject: Subject, action: Action) -> tuple[Decision, Action]:
    """Decide before anything is planned. Raises Forbidden on a no."""
    decision, action = await decide_line(env, subject, action)
    if decision.verdict is Verdict.DENY:
        raise Forbidden(decision, action, subject)
    return decision, action


async def _read(
    env: Environment,
    incoming: Incoming,
    ctx: Context,
    read: Parsed[Command],
    command: ReadCommand[Any],
    decision: Decision,
    action: Action,
) -> str:
    ctx = replace(ctx, explain=partial(explain, env))
    work = _with_suggestions(env, ctx, command.run(ctx, read.args))
    if read.common.private or decision.visibility is Visibility.EPHEMERAL:
        reply = await work
    else:
        reply, channel = await asyncio.gather(work, env.directory.channel(incoming.channel_id, fresh=True))
        require_allowed(env, replace(ctx.subject, channel=channel), action)  # it may have been shared a moment ago
    public = is_public(decision, reply, private=read.common.private)
    if (
        public
        and ctx.subject.incident_profile
        and (running := await env.store.incidents.running_in(incoming.channel_id))
    ):
        reply = await with_timeline(env, reply, running.id)
    reply = signed(reply, ctx.subject.person.id, read.text) if public else reply
    replace_it = incoming.action_id.startswith("page.")
    if not (public and command.is_live and await _posted_live(env, incoming, ctx, read, reply, in_place=replace_it)):
        await env.messenger.answer(address_of(incoming), reply, public=public, replace=replace_it)
    if public:
        await share_file(env, reply, incoming.channel_id, incoming.thread_ts)
    if not command.open_to_all:
        name = read.args.__dict__.get("name")  # asking a model for what it does not have takes long
        await env.store.audit.append(
            entry("read", "allowed", at=ctx.now, subject=ctx.subject, incoming=incoming, decision=decision,
                  command=command.name, databases=[name] if isinstance(name, str) else [],
                  organization=ctx.organization, policy_hash=ctx.policy.hash)
        )  # fmt: skip
    return "answered"


async def _posted_live(
    env: Environment, incoming: Incoming, ctx: Context, read: Parsed[Command], reply: Reply, *, in_place: bool
) -> bool:
    """Post, or bring up to date, a message that is drawn again when its database changes. False: not this way."""
    ts = incoming.message_ts if in_place and not incoming.is_ephemeral else None
    if ts is not None and not await env.messenger.update(incoming.channel_id, ts, reply):
        return False
    try:
        ts = ts or await env.messenger.post(incoming.channel_id, reply, thread_ts=incoming.thread_ts)
    except CannotPost:
        return False
    name = str(read.args.__dict__.get("name", ""))
    await env.store.live_cards.add(
        LiveCard(incoming.channel_id, ts, ctx.organization, name, read.text, incoming.user_id, ctx.now)
    )
    return True


async def _with_suggestions(env: Environment, ctx: Context, work: Awaitable[Any]) -> Any:
    """Add the names that the typed one may be a slip of, of those that `list` shows this person here."""
    try:
        return await work
    except DatabaseNotFound as error:
        meant: tuple[str, ...] = ()
        hint = ""
        if judge(env, ctx.subject, Action("list")).verdict is Verdict.ALLOW:
            hint = " `/turso ls` lists those of this channel."
            listed = env.context(ctx.subject, command="list").visible(await ctx.turso.listed())
            meant = close(error.name, [database.name for database in listed])
        if meant:
            hint = f" Did you mean {' or '.join(f'`{name}`' for name in meant)}?"
        raise BotErrorWithHint(f"There is no database `{error.name}`.{hint}") from None


class BotErrorWithHint(BotError):
    """A name that is not known, with those that come close."""


async def open_form(
    env: Environment, incoming: Incoming, subject: Subject, read: Incomplete[Command], *, why: Decision | None = None
) -> str:
    """Ask for what is missing: in a modal at once, or behind a button where there is no trigger for one.

    Args:
        why: the decision by which it is done at once, without approval: then the reason is what is missing.
    """
    decision, action = decide_incomplete(env, subject, read)
    if decision.verdict is Verdict.DENY:
        raise Forbidden(decision, action, subject)
    await env.store.intents.record(incoming, actionable=False)
    loading = forms.loading_view(read.spec.label)
    view_id = await env.messenger.open_view(incoming.trigger_id, loading) if incoming.trigger_id else None
    if view_id is None:
        typed = incoming.value if presses.form_of(incoming.action_id) else incoming.id
        await env.messenger.send_ephemeral(address_of(incoming), forms.form_button(read.spec, typed))
        return "form_offered"
    await env.messenger.update_view(
        view_id, forms.form_view(read.spec, read.given, incoming.id, needs_reason=why is not None)
    )
    return "form_opened"


async def open_form_of(env: Environment, incoming: Incoming, command: str) -> str:
    """Open the form of a command because its button was pressed.

    The button's value is empty, or names what came in before it: its line prefills the form, and the answer goes
    where that came from.
    """
    before = await env.store.intents.get(incoming.value) if incoming.value else None
    line = ""
    if before is not None and before.user_id == incoming.user_id:
        line = before.text or before.value
        incoming = replace(incoming, thread_ts=before.thread_ts)
    subject = await env.subject(incoming)
    return await open_form(env, incoming, subject, _incomplete(env.grammar, command, line))


async def open_chooser(env: Environment, incoming: Incoming) -> str:
    """Answer a shortcut: choose a command, then fill its form."""
    subject = await env.subject(incoming)
    require_allowed(env, subject, Action("home"))
    await env.store.intents.record(incoming, actionable=False)
    if incoming.trigger_id is None:
        raise BotError("Slack sent no trigger for a form; press the shortcut again.")
    view_id = await env.messenger.open_view(incoming.trigger_id, forms.loading_view("Turso"))
    if view_id is not None:
        names = [command for command in env.commands if not command.hidden and not command.open_to_all]
        view = forms.chooser_view(names, incoming.id, needs_channel=not subject.channel.id)
        await env.messenger.update_view(view_id, view)
    return "form_opened"


def _incomplete(grammar: Grammar[Command], command: str, text: str) -> Incomplete[Command]:
    """Read what a form starts with; a line that is complete prefills it all the same."""
    spec = grammar.spec(command)
    if spec is None:
        raise Refused("This button is of a command that is gone; `/turso help` lists what there is.")
    read = grammar.parse(text or spec.name)
    if isinstance(read, Incomplete):
        return read
    given = read.args.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    return Incomplete(spec=read.spec, given=given, missing=(), args=read.args, common=read.common, text=read.text)

"""Plan a change and decide on the plan, then show a dry run, open a form or open a request."""

import asyncio
from dataclasses import replace
from typing import Any

from bot.blocks import plans
from bot.commands.base import ChangeCommand, Command, Context, SecretCommand
from bot.commands.follow_up import FollowUp
from bot.core.actions import action_of
from bot.core.model import Action, Decision, Subject, Verdict
from bot.core.parsing.parse_results import Parsed
from bot.core.ports import address_of
from bot.core.requests.incoming import Incoming
from bot.core.requests.plan import Plan
from bot.pipeline.authorization.checks import UNDO_ALLOWED
from bot.pipeline.authorization.command_line import own_undo, require_line_allowed
from bot.pipeline.authorization.decision import planned_action, require_allowed
from bot.pipeline.environment import Environment
from bot.pipeline.quarantine import undo
from bot.pipeline.replies import entry
from bot.pipeline.requests.open_form import as_incomplete, open_form
from bot.pipeline.requests.open_request import open_request
from bot.pipeline.requests.places import with_channel_of_now
from bot.pipeline.requests.suggestions import with_suggestions


async def plan_change(
    env: Environment,
    incoming: Incoming,
    subject: Subject,
    read: Parsed[Command],
    command: ChangeCommand[Any] | SecretCommand[Any],
    follow_up: FollowUp | None,
) -> str:
    """Decide on the line of a change, plan it, decide on the plan, and continue accordingly.

    Args:
        follow_up: what the pressed button is about. A plan about anything else is refused.
    """
    common, action = read.common, action_of(command.name, read.args)
    quarantine = await own_undo(env, incoming, command, read.args)
    if quarantine and not common.dry_run:
        return await undo.undo_request(env, incoming, quarantine)
    ctx = env.context(subject, command=command.name, follow_up=follow_up)
    reveals_next = False
    if quarantine is None:
        typed, action = await with_suggestions(env, ctx, require_line_allowed(env, subject, action))
        reveals_next = command.reveals and typed.verdict is Verdict.ALLOW
    work = planned(env, ctx, read, command)
    if common.dry_run:
        plan = await work
    else:
        subject, plan = await asyncio.gather(with_channel_of_now(env, subject, fresh=not reveals_next), work)
    decision = UNDO_ALLOWED if quarantine else require_allowed(env, subject, planned_action(read, plan))
    if common.dry_run:
        return await _show_dry_run(env, incoming, ctx, plan, decision, action)
    if decision.missing(reason=common.reason, ticket=common.ticket):
        asked = as_incomplete(env.grammar, command.name, read.text)
        return await open_form(env, incoming, subject, asked, planned=decision)
    return await open_request(env, incoming, subject, read, command, plan, decision)


async def planned(
    env: Environment, ctx: Context, read: Parsed[Command], command: ChangeCommand[Any] | SecretCommand[Any]
) -> Plan:
    """Return the command's plan, with the fields that the pipeline adds.

    Raises:
        Refused: the plan isn't about what the pressed button is about.
    """
    plan = await with_suggestions(env, ctx, command.plan(ctx, read.args))
    plan = ctx.follow_up.bind(plan) if ctx.follow_up else plan
    return replace(
        plan,
        command=command.name,
        options=tuple(sorted(action_of(command.name, read.args).options)),
        organization=ctx.organization,
        policy_hash=ctx.policy.hash,
    )


async def _show_dry_run(
    env: Environment, incoming: Incoming, ctx: Context, plan: Plan, decision: Decision, action: Action
) -> str:
    await env.messenger.send_ephemeral(address_of(incoming), plans.dry_run(plan, env.catalogue, decision))
    await env.store.audit.append(
        entry("planned", "dry_run", at=ctx.now, subject=ctx.subject, incoming=incoming, decision=decision,
              command=plan.command, databases=[one.name for one in action.databases],
              organization=ctx.organization, policy_hash=ctx.policy.hash)
    )  # fmt: skip
    return "planned"

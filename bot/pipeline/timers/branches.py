"""The end of branches: it is announced, and when it comes, a quarantine is requested by the rules of that time."""

from dataclasses import replace
from typing import Final

import structlog

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn, person, sentence
from bot.commands._lines import command_line
from bot.commands.databases import destroy
from bot.commands.databases._holds import open_quarantine
from bot.commands.follow_up import FollowUp
from bot.core.model import Confirm, Verdict
from bot.core.parsing.parse_results import Parsed
from bot.core.records.audit_entry import TIMER, AuditEntry
from bot.core.records.branches import Branch, BranchState
from bot.core.records.timers import Timer
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.request import Request, State
from bot.errors import BotError, Refused, Unavailable
from bot.pipeline.authorization.decision import judge, planned_action, require_allowed, require_known
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.branch_cards import card_of_branch, exists, refresh_branch_cards
from bot.pipeline.outcomes.delivery import Notice, deliver, deliver_and_close, notice_of, notify_each
from bot.pipeline.replies import entry
from bot.pipeline.requests.open_request import open_request
from bot.pipeline.requests.plan_change import planned
from bot.turso import DatabaseNotFound, TursoError

log = structlog.get_logger(__name__)
REASON: Final = "This branch has reached its end date"


async def handle_branch_end(env: Environment, timer: Timer) -> Timer | None:
    """Announce the end of a branch, or end the branch. Safe to run again after a crash.

    Raises:
        Unavailable, TursoError: Slack, Turso or an on-call service didn't respond. The timer is retried.
    """
    branch = await env.store.branches.get(timer.subject)
    if branch is None or branch.state is BranchState.ENDED:
        return None
    request = await env.store.requests.get(branch.request_id)
    if request is None:  # the branch still ends, and only its owner is notified
        log.warning("the request of a branch no longer exists", branch=branch.id, request=branch.request_id)
    now = env.clock.now()
    if branch.state is BranchState.ACTIVE:
        if branch.ends_at is None or branch.announced_at is None:
            return None
        if now < branch.announced_at:
            return replace(timer, due_at=branch.announced_at)
        if now < branch.ends_at:
            await _announce(env, branch, request)
            return replace(timer, due_at=branch.ends_at)
        begun = await env.store.branches.begin_end(branch, _entry(env, branch, request, "begun"))
        if begun is None:  # it was just extended or kept
            return None
        branch = begun
    await _end(env, branch, request)
    return None


def _entry(env: Environment, branch: Branch, request: Request | None, outcome: str, why: str = "") -> AuditEntry:
    now = env.clock.now()
    made = entry("branch_ended", outcome, at=now, request=request, by=TIMER, what=why, branch=branch.id)
    return replace(made, databases=(branch.database,), channel_id=branch.channel_id, organization=branch.organization)


async def _notice(env: Environment, branch: Branch, request: Request | None, event: str, message: Reply) -> Notice:
    """Return a notice to the owner, and to the channel unless the branch's request was private or is gone."""
    owner = (branch.owner,)
    if request is None:
        return Notice(branch.id, event, message, owner, branch.channel_id, is_private=True)
    return replace(await notice_of(env, request, event, message, subject=branch.id), people=owner)


async def _announce(env: Environment, branch: Branch, request: Request | None) -> None:
    """Announce the end to the owner and, if the branch's request wasn't private, in the channel.

    Does nothing if the branch no longer exists.
    """
    if await exists(env, branch) is False:
        return
    assert branch.ends_at is not None, "a branch without an end is never announced"
    event = f"ends {branch.ends_at.isoformat()}"
    notice = await _notice(env, branch, request, event, await card_of_branch(env, branch))
    notice = replace(notice, is_kept_current=True)
    await deliver(env, notice)
    await notify_each(env, notice)


async def _end(env: Environment, branch: Branch, request: Request | None) -> None:
    """Request the quarantine of a branch on behalf of its owner, if that is still needed. Notify people of a refusal.

    Raises:
        Unavailable, TursoError: no decision is possible now. The timer is retried.
    """
    refused = None
    try:
        if await _is_there(env, branch) and not await _is_requested(env, branch):
            await _request_quarantine(env, branch)
    except (Unavailable, TursoError):
        raise
    except BotError as error:
        refused = _entry(env, branch, request, "denied", str(error))
        await _notify_refused(env, branch, request, str(error))
    await env.store.branches.close(branch.id, refused)
    await refresh_branch_cards(env, branch.id)


async def _is_there(env: Environment, branch: Branch) -> bool:
    """Return True if the branch itself still exists, not another database with its name, and isn't in quarantine."""
    try:
        database = await env.turso_clients.turso(branch.organization).database(branch.database)
    except DatabaseNotFound:
        return False
    if await open_quarantine(env.store, database.id):
        return False
    if branch.database_id:
        return database.id == branch.database_id
    return database.parent is not None and database.parent.id == branch.source_id


async def _is_requested(env: Environment, branch: Branch) -> bool:
    """Return True if the destroy was already requested, before a crash."""
    states = list(State)
    requests = await env.store.requests.find(states=states, requester=branch.owner, command=destroy.command.name)
    return any(one.intent_id == branch.id for one in requests)


async def _request_quarantine(env: Environment, branch: Branch) -> None:
    """Open the request for the destroy of a branch, on behalf of its owner. It needs no confirmation by the owner.

    Raises:
        Unavailable: it isn't known whether the current rules let the owner destroy the branch.
        BotError: the rules don't let the owner do that, or the branch can't be destroyed.
    """
    command = destroy.command
    read = env.grammar.parse(command_line(command.name, branch.database, reason=REASON))
    assert isinstance(read, Parsed), "the line is complete"
    subject = await env.subject_in(branch.owner, branch.channel_id)
    about = FollowUp(branch.database_id) if branch.database_id else None
    ctx = env.context(
        subject,
        command=command.name,
        organization=branch.organization,
        follow_up=about,
    )
    plan = await planned(env, ctx, read, command)
    action = planned_action(read, plan)
    if judge(env, subject, action).verdict is Verdict.DENY:
        require_known(env, subject, action)
    decision = require_allowed(env, subject, action)
    if decision.verdict is Verdict.BREAK_GLASS:
        raise Refused("Here, it can only be destroyed with break-glass access.")
    if missing := decision.missing(reason=REASON, ticket=""):
        raise Refused(f"The policy requires a {' and a '.join(missing)} for this.")
    if decision.verdict is Verdict.ALLOW:
        decision = replace(decision, confirm=Confirm.NONE)
    now = env.clock.now()
    incoming = Incoming(branch.id, branch.id, Kind.COMMAND, now, branch.owner, branch.channel_id, text=read.text)
    await open_request(env, incoming, subject, read, command, plan, decision)


async def _notify_refused(env: Environment, branch: Branch, request: Request | None, why: str) -> None:
    head = mrkdwn(":hourglass: {}: the branch `{}` of `{}` has reached its end date, but it wasn't destroyed. {}",
                  person(branch.owner), branch.database, branch.source, sentence(why))  # fmt: skip
    note = mrkdwn("It will be kept until someone destroys it: `/turso destroy {}`.", branch.database)
    message = reply(head, [kit.section(head), kit.context(note)])
    notice = await _notice(env, branch, request, "end refused", message)
    await deliver_and_close(env, notice)
    await notify_each(env, notice)

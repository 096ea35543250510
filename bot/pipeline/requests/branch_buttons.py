"""Handle the buttons of a branch that ends soon: extend it, keep it, or request its destroy now."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.blocks.text import utc
from bot.commands._lines import command_line
from bot.commands.databases import branch as branching
from bot.commands.databases import destroy
from bot.commands.databases._holds import in_quarantine, open_quarantine
from bot.commands.follow_up import FollowUp
from bot.core.model import Action, Verdict
from bot.core.policy import is_on
from bot.core.ports import address_of
from bot.core.records.audit_entry import AuditEntry
from bot.core.records.branches import Branch, BranchState
from bot.core.requests.decision import databases_of
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request
from bot.errors import BadInput, Refused, Unavailable
from bot.pipeline.approval.presses import may_be_pressed_in, require_access
from bot.pipeline.authorization.authorize import Authorization, authorize
from bot.pipeline.authorization.steps import Step
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.branch_cards import exists, refresh_branch_cards
from bot.pipeline.replies import entry, private_note
from bot.pipeline.requests import command_lines
from bot.pipeline.requests.open_items import settled_incident

AT_MOST: Final = "`{}` can't be extended. A branch can last {} days at most."
OVER: Final = (
    "`{}` has already reached its end date. To keep it, deny or withdraw any request to destroy it, or press *Undo* on "
    "its quarantine card."
)
NEEDS_APPROVAL: Final = "Branches need approval here. To extend or keep `{}`, ask an approver who doesn't own it."
NEEDS_BREAK_GLASS: Final = (
    "You can create branches only with break-glass access here, so you can't extend or keep `{}`."
)
NO_LONGER: Final = "The branch `{}` no longer exists, so its end date wasn't changed."
MOVED: Final = "The end date of `{}` has just been changed."
GONE: Final = "I can't find this branch. `/turso ls --branches` lists a channel's branches."


async def extend(env: Environment, incoming: Incoming) -> str:
    """Handle Extend: extend a branch by its original duration, up to the maximum lifetime."""
    branch, request = await _movable(env, incoming, "extend")
    seconds = request.plan.arguments.get("seconds")
    if branch.ends_at is None or not seconds:
        raise Refused(f"There is nothing to extend. `{branch.database}` has no end date.")
    ends_at = max(branch.ends_at, env.clock.now()) + timedelta(seconds=seconds)
    ends_at = min(ends_at, branch.created_at + branching.LONGEST)
    if ends_at <= branch.ends_at:
        raise Refused(AT_MOST.format(branch.database, branching.LONGEST.days))
    at, by, until = env.clock.now(), incoming.user_id, utc(ends_at)
    line = entry("branch_extended", "succeeded", at=at, request=request, by=by, branch=branch.id, until=until)
    return await _move_end(env, incoming, branch, ends_at, line)


async def keep(env: Environment, incoming: Incoming) -> str:
    """Handle Keep: remove a branch's end date."""
    branch, request = await _movable(env, incoming, "keep")
    if branch.ends_at is None:
        raise Refused(f"`{branch.database}` has no end date, so it will be kept.")
    at, by = env.clock.now(), incoming.user_id
    line = entry("branch_kept", "succeeded", at=at, request=request, by=by, branch=branch.id)
    return await _move_end(env, incoming, branch, None, line)


async def destroy_now(env: Environment, incoming: Incoming) -> str:
    """Handle Destroy now: request the branch's quarantine as if the command had been typed."""
    branch, request, answer = await _authorized(env, incoming, "end", destroy.command.name)
    read = command_lines.line_of_press(env, incoming, command_line(destroy.command.name, branch.database))
    here = replace(incoming, channel_id=branch.channel_id)
    settles = await settled_incident(env, request, answer)
    about = FollowUp(branch.database_id, settles=settles) if branch.database_id else None
    outcome = await command_lines.continue_request(env, here, answer.subject, read, follow_up=about)
    await refresh_branch_cards(env, branch.id)
    return outcome


async def _authorized(
    env: Environment, incoming: Incoming, verb: str, command: str
) -> tuple[Branch, Request, Authorization]:
    """Return a button's branch, its request and the authorization.

    The person must be allowed to use `command` on the branch in its channel.

    Raises:
        BotError: the branch doesn't exist, is being ended, or the person isn't allowed to do this.
    """
    await require_access(env, incoming, verb)
    branch = await env.store.branches.get(incoming.value) if incoming.value else None
    request = await env.store.requests.get(branch.request_id) if branch else None
    if branch is None or request is None or not may_be_pressed_in(incoming.channel_id, branch.channel_id):
        raise BadInput(GONE)
    targets = tuple(one for one in databases_of(request.plan) if one.name == branch.database)
    action = Action(command, databases=targets)
    answer = (await authorize(env, request, Step.FOLLOW_UP, actor=incoming, action=action)).require_allowed()
    if branch.state is BranchState.ENDING:
        await refresh_branch_cards(env, branch.id)
        raise Refused(OVER.format(branch.database))
    return branch, request, answer


async def _movable(env: Environment, incoming: Incoming, verb: str) -> tuple[Branch, Request]:
    """Return a button's branch and its request, if the person may extend or keep the branch.

    Anyone who can create such a branch without approval may do this. If the creation needs approval, only its
    approvers except the owner may. Someone who needs break-glass access for it may not.

    Raises:
        BotError: the branch doesn't exist any more, has reached its end date or is in quarantine, or the person isn't
            allowed to do this.
        Unavailable: Slack didn't return the owner, or Turso didn't return whether the branch still exists.
    """
    branch, request, answer = await _authorized(env, incoming, verb, branching.command.name)
    if answer.decision.verdict is Verdict.BREAK_GLASS:
        raise Refused(NEEDS_BREAK_GLASS.format(branch.database))
    if answer.decision.verdict is not Verdict.ALLOW:
        owner = answer.case.facts.people.get(branch.owner)
        if owner is None:
            raise Unavailable(
                f"I couldn't look up the owner of `{branch.database}` in Slack, so nothing was changed. Try again in a "
                "moment."
            )
        approvers = replace(answer.decision.approvers, without=frozenset({owner.id, owner.human}))
        if not is_on(env.rules.policy, approvers, answer.subject.person):
            raise Refused(NEEDS_APPROVAL.format(branch.database))
    if held := await open_quarantine(env.store, branch.database_id):
        raise Refused(in_quarantine(held))
    if branch.state is BranchState.ENDED:
        raise Refused(OVER.format(branch.database))
    if (there := await exists(env, branch)) is None:
        raise Unavailable(f"Turso didn't say whether `{branch.database}` is still there. Try again in a moment.")
    if not there:
        await refresh_branch_cards(env, branch.id)
        raise Refused(NO_LONGER.format(branch.database))
    return branch, request


async def _move_end(
    env: Environment, incoming: Incoming, branch: Branch, ends_at: datetime | None, line: AuditEntry
) -> str:
    line = replace(line, databases=(branch.database,))
    if await env.store.branches.move_end(branch, ends_at, line) is None:
        now = await env.store.branches.get(branch.id)
        ending = now is None or now.state is not BranchState.ACTIVE
        raise Refused((OVER if ending else MOVED).format(branch.database))
    await refresh_branch_cards(env, branch.id, by=incoming.user_id)
    result = f"now ends {utc(ends_at)}." if ends_at else "will be kept. It no longer has an end date."
    note = private_note(f"`{branch.database}` {result}")
    await env.messenger.send_ephemeral(address_of(incoming), note, replace=incoming.is_ephemeral)
    return "moved"

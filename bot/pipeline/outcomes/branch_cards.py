"""The cards about the end of a branch. When the branch changes, every copy is updated."""

import structlog

from bot.blocks.branch_cards import BranchStanding, branch_card
from bot.commands.databases import destroy
from bot.commands.databases._holds import open_quarantine
from bot.core.records.branches import Branch
from bot.core.reply import Reply
from bot.core.requests.request import Request, State
from bot.errors import BotError
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import may_be_seen
from bot.turso import DatabaseNotFound

log = structlog.get_logger(__name__)
NOT_STARTED = (State.PENDING, State.APPROVED)


async def card_of_branch(env: Environment, branch: Branch, *, by: str = "") -> Reply:
    """Return the card of a branch in its current state. `by` is the person who has just changed its end."""
    held = await open_quarantine(env.store, branch.database_id) if branch.database_id else None
    opened = await _open_destroy(env, branch)
    asked_by, at_its_end = (opened.requester, opened.is_branch_end) if opened else ("", False)
    standing = BranchStanding(await exists(env, branch), held is not None, asked_by, at_its_end)
    return branch_card(branch, standing, env.clock.now(), by=by)


async def exists(env: Environment, branch: Branch) -> bool | None:
    """Return True if the branch itself still exists, not another database with its name. None if that is unknown."""
    try:
        database = await env.turso_clients.turso(branch.organization).database(branch.database)
    except DatabaseNotFound:
        return False
    except BotError:
        return None
    if branch.database_id:
        return database.id == branch.database_id
    return None if database.parent is None else database.parent.id == branch.source_id


async def refresh_branch_cards(env: Environment, branch_id: str, *, by: str = "") -> None:
    """Update every copy of a branch's card. A failed update is only logged: a press reports the current state."""
    copies = await env.store.cards.of(branch_id)
    if not copies:
        return
    async with env.notification_lock(branch_id):  # so that the last update shows the latest state
        branch = await env.store.branches.get(branch_id)
        if branch is None:
            return
        card = await card_of_branch(env, branch, by=by)
        for channel_id, ts in copies:
            try:
                await _update(env, branch, channel_id, ts, card)
            except BotError as error:
                log.info("a branch's card was not updated", branch=branch_id, why=str(error))


async def _update(env: Environment, branch: Branch, channel_id: str, ts: str, card: Reply) -> None:
    is_direct = channel_id != branch.channel_id
    if not is_direct and not await may_be_seen(env, channel_id):
        return
    if not await env.messenger.update(channel_id, ts, card):
        await env.store.cards.drop(branch.id, channel_id, ts)


async def refresh_cards_about(env: Environment, request: Request) -> None:
    """Update the cards of the branch that a request is about. Does nothing for other requests."""
    if (target := request.plan.target) is None:
        return
    for branch in await env.store.branches.find(organization=request.organization, database_ids=[target.id]):
        await refresh_branch_cards(env, branch.id)


async def _open_destroy(env: Environment, branch: Branch) -> Request | None:
    """Return the newest request to destroy a branch that hasn't started yet. None if there is none."""
    requests = await env.store.requests.find(states=NOT_STARTED, command=destroy.command.name, since=branch.created_at)
    mine = [one for one in requests if one.plan.target and one.plan.target.id == branch.database_id]
    return mine[0] if mine else None

"""Notices to token holders about a rotation, a destroy, a switch or its undo. They only report what is known."""

from dataclasses import replace
from typing import Final

from bot.blocks import notices
from bot.commands.base import NEXT_STEP, ChangeCommand, NextStepResult
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.requests.proof import Proof
from bot.core.requests.request import Request, State
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import REVOKED, notice_of, notify_privately

BACK: Final = "back"
"""The `event` of the notice that an undo has put a replaced database back in use."""


def holders_must_know(request: Request) -> bool:
    """Return True once holders must be notified.

    That is when their tokens are revoked, or their database was destroyed, replaced by another one or put back in use.
    """
    if not request.plan.ends_tokens_of:
        return False
    replaced = request.state in (State.QUARANTINED, State.RESTORED) and bool(request.plan.successor)
    return replaced or request.state is State.SUCCEEDED


async def notify_holders(env: Environment, request: Request, *, only_of: str | None = None) -> None:
    """Send each holder except the requester a message about the tokens that they got before the change, or its undo.

    Args:
        only_of: the `DbId` of the only database whose holders are notified, because its proof was completed later.
    """
    if request.state is State.RESTORED:
        if only_of is None:
            await _notify_of_undo(env, request)
        return
    proof = Proof.of(request.facts)
    now, ids = env.clock.now(), request.plan.ends_tokens_of
    before = proof.sent_at if proof else now
    known = await env.store.tokens.find(organization=request.organization, database_ids=[only_of] if only_of else ids)
    known = [one for one in known if one.state is not TokenState.REFUSED]  # Turso never created these
    old = [one for one in known if one.minted_at < before and (one.expires_at is None or one.expires_at > now)]
    command = env.by_name.get(request.command)
    is_destroyed = isinstance(command, ChangeCommand) and command.removes_target
    is_revoked = request.facts.get(NEXT_STEP) != NextStepResult.NOT_DONE
    target = request.plan.target
    replaced = {one.holder for one in old if request.plan.successor and target and one.database_id == target.id}
    since = (one.holder for one in old if one.minted_at >= request.created_at)  # holders who aren't in the plan yet
    for holder in dict.fromkeys([*request.plan.holders, *since]):
        theirs = _databases(old, holder) if is_revoked else []
        is_notified = bool(theirs) or only_of is None
        if holder != request.requester and is_notified and (holder in replaced or is_revoked):
            word = notices.replaced_notice if holder in replaced else notices.tokens_revoked_notice
            reply = notices.destroyed_notice(request) if is_destroyed else word(request, theirs, proof)
            notice = await notice_of(env, request, f"{REVOKED} {only_of or ''}".strip(), reply)
            await notify_privately(env, replace(notice, people=(holder,)))


async def _notify_of_undo(env: Environment, request: Request) -> None:
    """Notify each holder who got the notice about the replacement that their database is in use again."""
    target = request.plan.target
    if target is None:
        return
    known = await env.store.tokens.find(organization=request.organization, database_ids=[target.id])
    holders = dict.fromkeys(one.holder for one in known)
    notified = [one for one in holders if await env.store.notices.was_notified(request.id, REVOKED, one)]
    notice = await notice_of(env, request, BACK, notices.switched_back_notice(request))
    await notify_privately(env, replace(notice, people=tuple(notified)))


def _databases(tokens: list[LedgerToken], holder: str) -> list[str]:
    return sorted({one.database for one in tokens if one.holder == holder})

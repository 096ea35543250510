"""The audit entries of refusals."""

import structlog

from bot.core.requests.incoming import Incoming, Kind
from bot.errors import BotError, Refused, Unavailable
from bot.pipeline.authorization.decision import Forbidden
from bot.pipeline.dispatch import button_actions
from bot.pipeline.environment import Environment
from bot.pipeline.replies import entry

log = structlog.get_logger(__name__)


async def record_refusal(env: Environment, incoming: Incoming, name: str, error: BotError) -> None:
    """Append a refusal to the audit log. Other errors have no entry.

    If the store doesn't respond, this is only logged, so that the person gets the refusal and not an error about the
    store.

    Args:
        name: the command, if neither the error nor the request has one.
    """
    if not isinstance(error, Refused):
        return
    try:
        await _append(env, incoming, name, error)
    except Unavailable as fault:
        log.error("audit.refusal_not_recorded", why=fault.cause)


async def _append(env: Environment, incoming: Incoming, name: str, error: Refused) -> None:
    is_click = incoming.action_id in button_actions.CLICKS
    request = await env.store.requests.get(incoming.value) if is_click else None
    branch = await env.store.branches.get(incoming.value) if is_click and request is None else None
    decision, action = (error.decision, error.action) if isinstance(error, Forbidden) else (None, None)
    databases = [one.name for one in action.databases] if action else [branch.database] if branch else []
    line = entry(
        "refused",
        "denied",
        at=env.clock.now(),
        incoming=incoming,
        request=request,
        decision=decision,
        command=request.command if request else action.command if action else name,
        databases=databases,
        organization=branch.organization if branch else "",
        reason=str(error),
        policy_hash=env.rules.policy.hash,
        by=incoming.user_id,
        press=incoming.action_id if incoming.kind in (Kind.ACTION, Kind.SUBMISSION) else "",
    )
    await env.store.audit.append(line)

"""Decide on a stored request by the current policy."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from bot.core.model import Action, Confirm, Decision, Subject, Target, Verdict, Visibility
from bot.core.parsing.arguments import Expiration
from bot.core.policy import Policy, decide
from bot.core.requests.plan import Plan
from bot.core.requests.request import Mode, Request, State


def request_action(request: Request) -> Action:
    """Return the action of a request, from its stored plan."""
    expiration = request.plan.arguments.get("expiration")
    return Action(
        command=request.command,
        options=frozenset(request.plan.options),
        databases=databases_of(request.plan),
        lifetime=Expiration.of(expiration).lifetime if expiration else None,
        organization=request.organization,
    )


def databases_of(plan: Plan) -> tuple[Target, ...]:
    """Return every database that a plan affects, its target first."""
    own = (plan.target.as_seen,) if plan.target else ()
    return own + tuple(one for one in plan.databases if not own or one.name != own[0].name)


def decide_request(policy: Policy, requester: Subject, request: Request) -> Decision:
    """Decide on a request by the current rules.

    If a request needed approval when it was made, an incident's rules can't turn it into break-glass, which needs no
    votes. Otherwise people could avoid the approval by starting an incident. The exception is an operation that the
    rules outside of incidents deny.
    """
    action = request_action(request)
    decision = decide(policy, requester, action)
    if decision.verdict is Verdict.BREAK_GLASS and request.mode is Mode.APPROVAL and requester.incident_profile:
        without = decide(policy, replace(requester, incident_profile=None), action)
        return decision if without.verdict is Verdict.DENY else without
    return decision


_CONFIRMS: Final = tuple(Confirm)
"""All confirmations, the least strict first."""


def with_rules_of_now(request: Request, decision: Decision) -> Request:
    """Return a request with the stricter of its original and the current rules' conditions."""
    hidden = Visibility.EPHEMERAL in (request.visibility, decision.visibility)
    return replace(
        request,
        confirm=max(request.confirm, decision.confirm, key=_CONFIRMS.index),
        countdown=max(request.countdown, decision.countdown),
        visibility=Visibility.EPHEMERAL if hidden else Visibility.CHANNEL,
        expires_at=_expires_at(request, decision),
    )


def stricter_now(request: Request, decision: Decision) -> dict[str, Any]:
    """Return the fields that `with_rules_of_now` changes, without the expiry, for a transition."""
    now = with_rules_of_now(request, decision)
    return {"confirm": now.confirm, "countdown": now.countdown, "visibility": now.visibility}


def _expires_at(request: Request, decision: Decision) -> datetime | None:
    """Return the earlier of the stored expiry and the one by the current rules.

    A request that its requester must confirm keeps its stored expiry.
    """
    ends = [request.expires_at] if request.expires_at else []
    votes = [vote.at for vote in request.votes if vote.approves]
    if request.state is State.PENDING:
        if request.mode is Mode.APPROVAL and decision.verdict is Verdict.APPROVE:
            ends.append(request.created_at + decision.expires)
    elif request.mode is Mode.APPROVAL and votes:
        ends.append(max(votes) + decision.start_within)
    elif request.mode is not Mode.APPROVAL and request.confirm is Confirm.NONE:
        ends.append(request.created_at + decision.start_within)
    return min(ends, default=None)

"""What the rules say of a request that was made: the same question as when it was asked, from its stored plan."""

from dataclasses import replace

from bot.core.arguments import Expiration
from bot.core.model import Action, Decision, Subject, Target, Verdict
from bot.core.plan import Plan
from bot.core.policy import Policy, decide
from bot.core.request import Mode, Request


def request_action(request: Request) -> Action:
    """Describe a request to the rules, from its stored plan."""
    expiration = request.plan.arguments.get("expiration")
    return Action(
        command=request.command,
        options=frozenset(request.plan.options),
        databases=databases_of(request.plan),
        lifetime=Expiration.of(expiration).lifetime if expiration else None,
        organization=request.organization,
    )


def databases_of(plan: Plan) -> tuple[Target, ...]:
    """Return every database that a plan touches, its target first."""
    own = (Target(plan.target.name, plan.target.group),) if plan.target else ()
    others = tuple(Target(name, group) for name, group in plan.databases)
    return own + tuple(one for one in others if not own or one.name != own[0].name)


def decide_request(policy: Policy, requester: Subject, request: Request) -> Decision:
    """Decide on a request by the rules of now.

    A request that waits for approval, or has it, stays with its channel's rules when an incident would let the same be
    done at once with a review: a break-glass act needs no votes, so the start of an incident would do away with them.
    """
    action = request_action(request)
    decision = decide(policy, requester, action)
    if decision.verdict is Verdict.BREAK_GLASS and request.mode is Mode.APPROVAL and requester.incident_profile:
        without = decide(policy, replace(requester, incident_profile=None), action)
        return decision if without.verdict is Verdict.DENY else without
    return decision

"""The only caller of `decide` in the pipeline. Stored requests are decided by `core.requests.decision` instead."""

from dataclasses import replace

from bot.commands.base import Command, Context
from bot.core.actions import action_of
from bot.core.model import Action, Channel, Decision, Subject, Verdict, Visibility
from bot.core.oncall import not_said
from bot.core.parsing.parse_results import Parsed
from bot.core.policy import Policy, decide
from bot.core.requests.decision import databases_of
from bot.core.requests.plan import Plan
from bot.errors import Refused, Unavailable
from bot.pipeline.authorization.case import WantedGroups
from bot.pipeline.environment import Environment


class Forbidden(Refused):
    """Raised when the rules deny an action. Keeps the decision for the audit log and the subject for hints."""

    def __init__(self, decision: Decision, action: Action, subject: Subject | None = None) -> None:
        self.decision, self.action, self.subject = decision, action, subject
        super().__init__(decision.reason)


def judge(env: Environment, subject: Subject, action: Action) -> Decision:
    """Decide on an action by the current rules."""
    return judge_by(env.rules.policy, subject, action)


def judge_by(policy: Policy, subject: Subject, action: Action) -> Decision:
    """Decide on an action by a given policy, for callers that need several decisions by the same policy."""
    return decide(policy, subject, action)


def may_be_shown(env: Environment, subject: Subject, action: Action, organization: str) -> bool:
    """Return True if the bot may post a reply to this action in the channel without being asked."""
    decision = judge(env, subject, replace(action, organization=organization))
    return decision.verdict is Verdict.ALLOW and decision.visibility is Visibility.CHANNEL


def require_known(env: Environment, subject: Subject, action: Action) -> None:
    """Raise Unavailable if a decision depends on a user group or schedule whose members are unknown.

    Call this before the bot's own work is denied, such as the end of a branch. Nobody would try it again.
    """
    groups = WantedGroups(subject.groups)
    judge(env, replace(subject, groups=groups), action)
    if groups.silent:
        raise Unavailable(f"{not_said(groups.silent)}.")


def require_allowed(env: Environment, subject: Subject, action: Action) -> Decision:
    """Return the decision, or raise Forbidden if it is a denial."""
    decision = judge(env, subject, action)
    if decision.verdict is Verdict.DENY:
        raise Forbidden(decision, action, subject)
    return decision


def require_still_allowed(env: Environment, ctx: Context, action: Action, channel: Channel) -> None:
    """Decide again if the channel's data or the policy has changed since an action was allowed.

    The channel may have become shared with another organization, for example.

    Args:
        ctx: the context with which the action was allowed.
        channel: Slack's current data on the context's channel.
    Raises:
        Forbidden: the action isn't allowed anymore.
    """
    if channel != ctx.subject.channel or env.rules.policy is not ctx.policy:
        require_allowed(env, replace(ctx.subject, channel=channel), action)


def planned_action(parsed: Parsed[Command], plan: Plan) -> Action:
    """Return the action of a plan, with every database that it affects and their groups."""
    action = action_of(parsed.spec.name, parsed.args)
    return replace(action, databases=databases_of(plan) or action.databases, organization=plan.organization)

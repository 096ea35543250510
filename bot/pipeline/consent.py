"""What the rules ask for now, and whose consent counts: of those whom they name, the ones who may still act at all."""

from bot.core.approval import Tally, tally
from bot.core.model import Decision, Verdict
from bot.core.policy import refuses_person
from bot.core.request import Mode, Request
from bot.pipeline.environment import Environment
from bot.pipeline.judging import judge, request_action


def asks_for_more(request: Request, decision: Decision) -> str | None:
    """Say what the rules ask for now and did not when the request was made; None: nothing."""
    if decision.verdict is Verdict.APPROVE and request.mode is not Mode.APPROVAL:
        return "The rules now ask for an approval of this."
    if decision.verdict is Verdict.BREAK_GLASS and request.mode is Mode.DIRECT:
        return "The rules now ask for a reason and a review of this."
    return None


async def lost_consent(env: Environment, request: Request) -> str | None:
    """Say why what was consented to may not be done any more; None: it may."""
    decision = judge(env, await env.asker_of(request), request_action(request))
    if decision.verdict is Verdict.DENY:
        return f"The right was lost before it was done. {decision.reason}"
    if more := asks_for_more(request, decision):
        return more
    if decision.verdict is Verdict.APPROVE and not (await count_votes(env, request, decision)).reached:
        return "Somebody who approved this has lost the right to before it was done."
    return None


async def count_votes(env: Environment, request: Request, decision: Decision) -> Tally:
    """Count the votes on a request as they stand now.

    A vote ends with its owner's account, and with their belonging here: a rule that names somebody by id, and a user
    group that nobody has tidied up, still have them.

    Raises:
        Unavailable: Slack did not say who somebody is; then nothing counts.
    """
    votes = [vote for vote in request.votes if await _may_act(env, vote.user_id, request.channel_id)]
    return tally(votes, decision.approvers, request.asker, decision.quorum)


async def _may_act(env: Environment, user_id: str, channel_id: str) -> bool:
    found = await env.directory.subject_of(user_id, channel_id, usergroups=frozenset())
    return refuses_person(env.rules.policy, found.person) is None

"""Whose consent counts: of those whom the rules name now, the ones who may still act at all."""

from bot.core.approval import Tally, tally
from bot.core.model import Decision
from bot.core.policy import refuses_person
from bot.core.request import Request
from bot.pipeline.environment import Environment


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

"""Count the votes on a waiting request for cards and lists, by the same rules as when somebody votes."""

from collections.abc import Collection
from dataclasses import replace

from bot.core.model import Decision, Person
from bot.core.requests.ballots import count
from bot.core.requests.decision import decide_request
from bot.core.requests.request import Mode, Request, State
from bot.errors import Unavailable
from bot.pipeline.environment import Environment


async def with_votes_of_now(env: Environment, request: Request) -> Request:
    """Return a request that waits for approval with the votes that count now.

    If it doesn't wait for approval, or Slack doesn't respond, return it unchanged.
    """
    if request.state is not State.PENDING or request.mode is not Mode.APPROVAL:
        return request
    try:
        requester, inside = await env.requester_of(request), await env.directory.inside(request.channel_id)
        return await counted_now(env, request, decide_request(env.rules.policy, requester, request), inside)
    except Unavailable:
        return request


async def counted_now(env: Environment, request: Request, decision: Decision, inside: Collection[str]) -> Request:
    """Return a waiting request with the votes that count now, and with the current quorum.

    `on_behalf_of` of each vote is the approver for whom it counts now.

    Raises:
        Unavailable: Slack didn't return one of the people.
    """
    request = replace(request, quorum=decision.quorum or request.quorum)
    if not request.votes:
        return request
    voters = {vote.user_id for vote in request.votes}
    active = [one for one in await env.store.delegations.active(env.clock.now()) if one.delegate in voters]
    concerned = {request.requester, *voters, *(one.person for one in active)}
    people = {one: await _person(env, one) for one in sorted(concerned)}

    def approvers_of(delegate: str) -> list[Person]:
        return [people[one.person] for one in active if one.delegate == delegate and one.person in inside]

    ballots = count(
        env.rules.policy,
        decision.approvers,
        request.votes,
        requester=request.requester,
        quorum=request.quorum,
        people=people,
        inside=inside,
        approvers_of=approvers_of,
    )
    return replace(request, votes=ballots.votes)


async def _person(env: Environment, user_id: str) -> Person:
    return (await env.directory.subject_of(user_id, "", usergroups=frozenset())).person

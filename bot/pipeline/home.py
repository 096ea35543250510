"""The Home tab: what waits for somebody, what they asked for and hold, what is blocked, what they can do where."""

import asyncio
from collections.abc import Iterable

from bot.blocks.home_view import Board, Place, home_view
from bot.core.model import Action, Channel, Subject, Verdict
from bot.core.request import Incoming, Request, State
from bot.errors import Unavailable
from bot.pipeline.clicks import may_act
from bot.pipeline.environment import Environment
from bot.pipeline.judging import judge, request_action

OPEN = (State.PENDING, State.READY, State.APPROVED, State.EXECUTING, State.QUARANTINED, State.UNKNOWN)


async def publish(env: Environment, incoming: Incoming) -> str:
    """Draw and publish the Home tab of whoever opened it; the same rules decide what each button there does."""
    subject = await env.subject(incoming)
    if judge(env, subject, Action("home")).verdict is Verdict.DENY or not may_act(env, subject):
        board = Board(person=subject.person.id)
    else:
        board = await board_of(env, subject)
    await env.messenger.publish_home(incoming.user_id, home_view(board, now=env.clock.now()))
    return "home"


async def board_of(env: Environment, subject: Subject) -> Board:
    """Collect everything that concerns one person."""
    me, memory, now = subject.person.id, env.memory, env.clock.now()
    organizations = tuple(env.rules.policy.organizations)
    waiting, mine, reviews, incidents, holds = await asyncio.gather(
        memory.requests(states=[State.PENDING]),
        memory.requests(states=OPEN, asker=me),
        memory.reviews(owed=True),
        memory.incidents(),
        memory.holds(),
    )
    here = await _channels_of(env, me, {*(one.channel_id for one in incidents), *(one.channel_id for one in holds)})
    tokens = [await memory.tokens(organization=name, holder=me, live_at=now) for name in organizations]
    return Board(
        person=me,
        to_decide=tuple([one for one in waiting if one.asker != me and await _decides(env, me, one)]),
        mine=tuple(mine),
        tokens=tuple(token for some in tokens for token in some),
        reviews=tuple(one for one in reviews if me in one.reviewers and me != one.actor),
        quarantined=tuple(await _undoable(env, me)),
        holds=tuple(one for one in holds if one.channel_id in here),
        incidents=tuple(one for one in incidents if one.channel_id in here),
        places=tuple(_places(env, subject)),
        problem=env.rules.problem or "",
    )


async def _channels_of(env: Environment, me: str, channels: Iterable[str]) -> set[str]:
    """Return which of these channels somebody is in: what is done in others is for their members."""

    async def is_in(channel_id: str) -> bool:
        try:
            return await env.directory.is_in(me, channel_id)
        except Unavailable:
            return False

    wanted = list(channels)
    found = await asyncio.gather(*map(is_in, wanted))
    return {channel_id for channel_id, there in zip(wanted, found, strict=True) if there}


async def _decides(env: Environment, me: str, request: Request) -> bool:
    decision = judge(env, await env.asker_of(request), request_action(request))
    return me in decision.approvers


async def _undoable(env: Environment, me: str) -> list[Request]:
    found = []
    for request in await env.memory.requests(states=[State.QUARANTINED]):
        decision = judge(env, await env.asker_of(request), request_action(request))
        if me == request.asker or me in decision.undo_by | decision.approvers:
            found.append(request)
    return found


def _places(env: Environment, subject: Subject) -> list[Place]:
    """Say what this person may do in each channel of the policy."""
    places = []
    for channel_id in env.rules.policy.channels:
        here = Subject(subject.person, Channel(channel_id), subject.groups)
        verdicts = {one.name: judge(env, here, Action(one.name)).verdict for one in env.commands if not one.open_to_all}
        at_once = [name for name, verdict in verdicts.items() if verdict in (Verdict.ALLOW, Verdict.BREAK_GLASS)]
        with_consent = [name for name, verdict in verdicts.items() if verdict is Verdict.APPROVE]
        if at_once or with_consent:
            places.append(Place(channel_id, tuple(at_once), tuple(with_consent)))
    return places

"""Races between people who decide on one request, and between an approval and the request's expiry."""

import asyncio
import time

from bot.core.requests.request import State
from tests.crash.pair import Pair
from tests.crash.races.steps import (
    OFFSETS,
    ROTATE,
    ask_each,
    check_outcome,
    newest,
    open_denial_form,
    press_together,
    requests_of,
    wait_until_left,
)
from tests.crash.scenarios import asked, press_until_acknowledged
from tests.world import ANA, BEN

DENIED_AFTER = (0.0, 0.25, 0.5, 1.0, 2.0)
"""How many seconds a denial comes after the approval. The denial fails only if the change was already sent."""


async def double_click(two: Pair, names: list[str]) -> list[str]:
    """Let a person press Approve twice, so that each process gets one press. Nobody wins, so return an empty list."""
    await ask_each(two, "rotate {}", names)
    moment = time.time() + 0.5
    requests = await requests_of(two, names)
    for request in requests:
        two.balancer.moments[ANA, request.id] = moment
    await asyncio.gather(*(press_together(two, name, (ANA, "Approve"), (ANA, "Approve")) for name in names))
    await wait_until_left(two, names, State.PENDING)
    for name in names:
        await check_outcome(two, name, State.SUCCEEDED, calls=("POST", ROTATE, 1), votes=1)
    return []


async def two_approvers(two: Pair, names: list[str]) -> list[str]:
    """Let two people press Approve where one is enough. Return for each request who voted first."""
    await ask_each(two, "rotate {}", names)
    moment = time.time() + 0.7
    for request, offset in zip(await requests_of(two, names), OFFSETS, strict=True):
        two.balancer.moments |= {(ANA, request.id): moment, (BEN, request.id): moment + offset}
    await asyncio.gather(*(press_together(two, name, (ANA, "Approve"), (BEN, "Approve")) for name in names))
    await wait_until_left(two, names, State.PENDING)
    winners = []
    for name in names:
        request = await check_outcome(two, name, State.SUCCEEDED, calls=("POST", ROTATE, 1))
        winners.append(request.votes[0].user_id)
    return winners


async def approve_against_deny(two: Pair, names: list[str]) -> list[str]:
    """Let one person approve while another denies. Return for each request which came first: `approve` or `deny`."""
    workspace, winners = two.harness.world.workspace, []
    for name, offset in zip(names, DENIED_AFTER, strict=True):  # in turn, because Slack limits a person's open forms
        await ask_each(two, "rotate {}", [name])
        form, before = await open_denial_form(two, name), await newest(two, name)
        moment = time.time() + 0.4
        two.balancer.moments |= {(ANA, before.id): moment, (BEN, before.id): moment + offset}
        await asyncio.gather(
            press_until_acknowledged(two.harness, ANA, name, "Approve"),
            workspace.submit_view(BEN, form.id, {"comment": "not today"}),
        )
        await wait_until_left(two, [name], State.PENDING)
        request = await newest(two, name)
        denied = request.state is State.DENIED
        await check_outcome(two, name, request.state, calls=("POST", ROTATE, 0 if denied else 1))
        assert denied or request.state is State.SUCCEEDED, request
        assert denied == any(not vote.approves for vote in request.votes), "a recorded denial decides"
        winners.append("deny" if denied else "approve")
    return winners


async def approve_against_expire(two: Pair, names: list[str]) -> list[str]:
    """Let a person approve while the request expires. Return for each which came first: `approve` or `expire`."""
    await asyncio.gather(*(asked("rotate {}")(two.harness, name) for name in names))
    await two.wait_until_idle()
    requests = await requests_of(two, names)
    ends = [request.expires_at for request in requests if request.expires_at]
    moment = two.next_sweep()
    two.make_due_at(moment - 0.02, max(ends) - two.harness.clock.now())
    for request, end, offset in zip(requests, ends, (-0.6, -0.12, -0.06, -0.03, 0.1), strict=True):
        own = moment - 0.02 - (max(ends) - end).total_seconds()
        two.balancer.moments[ANA, request.id] = own + offset
    await asyncio.gather(*(press_until_acknowledged(two.harness, ANA, name, "Approve") for name in names))
    await wait_until_left(two, names, State.PENDING)
    winners = []
    for name in names:
        request = await newest(two, name)
        expired = request.state is State.EXPIRED
        final = State.EXPIRED if expired else State.SUCCEEDED
        await check_outcome(two, name, final, calls=("POST", ROTATE, 0 if expired else 1))
        winners.append("expire" if expired else "approve")
    return winners

"""Races between two requests that change one database: two quarantines, two switches, a switch and an undo."""

import asyncio
import time
from functools import partial

from bot.core.requests.request import State
from tests.crash.pair import Pair
from tests.crash.races.steps import (
    CONFIGURATION,
    OFFSETS,
    ROTATE,
    approves,
    both_ask_to_switch,
    both_pending,
    copy_request,
    presses_undo,
    rewind_each,
)
from tests.crash.scenarios import acknowledged, asked, blocks, is_switched
from tests.crash.waiting import poll_until
from tests.world import ANA, BEN, DANA, DB_OPS, REMY


async def two_quarantines(two: Pair, names: list[str]) -> list[str]:
    """Let two destroys of one database be approved at the same time. One quarantine begins, the other request is stale.

    Return for each database the requester of the one that begins.
    """
    for name in names:
        await asked("db destroy {}")(two.harness, name)
        assert acknowledged(await two.harness.world.workspace.say(REMY, DB_OPS, f"/turso db destroy {name}"))
    pairs = [await poll_until(partial(both_pending, two, name), f"both requests about {name}") for name in names]
    await two.wait_until_idle()
    moment = time.time() + 0.7
    for pair_, offset in zip(pairs, OFFSETS, strict=True):
        two.balancer.moments |= {(ANA, pair_[0].id): moment, (BEN, pair_[1].id): moment + offset}
    await asyncio.gather(
        *(approves(two, person, one) for pair_ in pairs for person, one in zip((ANA, BEN), pair_, strict=True))
    )
    await two.wait_until_idle()
    winners = []
    for name, pair_ in zip(names, pairs, strict=True):
        ended = [await two.harness.store.requests.get(one.id) for one in pair_]
        assert {one.state for one in ended if one} == {State.QUARANTINED, State.STALE}, ended
        winner, loser = sorted((one for one in ended if one), key=lambda one: one.state is State.STALE)
        assert winner.id in loser.outcome
        assert [hold.request_id for hold in await two.harness.store.holds.find() if hold.database == name] == [
            winner.id
        ]
        assert two.harness.sent("PATCH", CONFIGURATION.format(name)) == 1
        assert await blocks(True, True)(two.harness, name)
        winners.append(winner.requester)
    return winners


async def two_switches(two: Pair, names: list[str]) -> list[str]:
    """Let two switches to one copy be approved at the same time. One happens, and nothing is sent twice.

    Return for each database the requester of the one that happens.
    """
    await rewind_each(two, names)
    pairs = [await both_ask_to_switch(two, name) for name in names]
    moment = time.time() + 0.7
    for pair_, offset in zip(pairs, OFFSETS, strict=True):
        two.balancer.moments |= {(ANA, pair_[0].id): moment, (BEN, pair_[1].id): moment + offset}
    await asyncio.gather(
        *(approves(two, person, one) for pair_ in pairs for person, one in zip((ANA, BEN), pair_, strict=True))
    )
    await two.wait_until_idle()
    winners = []
    for name, pair_ in zip(names, pairs, strict=True):
        ended = [await two.harness.store.requests.get(one.id) for one in pair_]
        assert {one.state for one in ended if one} == {State.QUARANTINED, State.STALE}, ended
        assert await is_switched(two.harness, name)
        assert two.harness.sent("PATCH", CONFIGURATION.format(name)) == 1
        assert two.harness.sent("POST", ROTATE.format(name)) == 1
        winners.append(next(one.requester for one in ended if one and one.state is State.QUARANTINED))
    return winners


async def switch_against_undo(two: Pair, names: list[str]) -> list[str]:
    """Let a person undo a switch while a second switch is approved.

    The database is blocked if the second switch happens, and not blocked if it is stale. Return for each database which
    case it was: `undo, then switch` or `switch was too early`.
    """
    await rewind_each(two, names)
    pairs = [await both_ask_to_switch(two, name) for name in names]
    await asyncio.gather(*(approves(two, ANA, first) for first, _ in pairs))
    await two.wait_until_idle()
    moment = time.time() + 0.7
    for (first, second), offset in zip(pairs, (-0.9, -0.5, -0.2, 0.0, 0.2), strict=True):
        two.balancer.moments |= {(DANA, first.id): moment + offset, (BEN, second.id): moment}
    await asyncio.gather(
        *(presses_undo(two, first) for first, _ in pairs), *(approves(two, BEN, second) for _, second in pairs)
    )
    await two.wait_until_idle()
    winners = []
    for name, (first, second) in zip(names, pairs, strict=True):
        one, other = await two.harness.store.requests.get(first.id), await two.harness.store.requests.get(second.id)
        assert one is not None
        assert other is not None
        assert one.state is State.RESTORED, one
        assert other.state in (State.QUARANTINED, State.STALE), other
        again = other.state is State.QUARANTINED
        assert await two.harness.blocked(name) == (again, again)
        assert two.harness.sent("POST", ROTATE.format(name)) == 1 + again
        by = await two.harness.store.requests.decided_by((await copy_request(two, name)).id)
        assert (by.id if by else None) == (other.id if again else None)
        winners.append("undo, then switch" if again else "switch was too early")
    return winners

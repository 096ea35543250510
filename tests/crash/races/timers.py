"""Races between a timer and a person: the end of a countdown, and the end of a freeze."""

import asyncio

from bot.core.requests.request import State
from tests.crash.pair import Pair
from tests.crash.races.steps import check_outcome, newest, requests_of, wait_until_left
from tests.crash.scenarios import (
    ask_until_acknowledged,
    blocks,
    card_of,
    is_gone,
    is_there,
    press_until_acknowledged,
    quarantined,
)
from tests.crash.waiting import poll_until
from tests.world import ANA, DANA


async def undo_against_end_of_countdown(two: Pair, names: list[str]) -> list[str]:
    """Let a person press Undo while the countdown ends. Return for each database which came first: `undo` or `end`."""
    await asyncio.gather(*(quarantined(two.harness, name) for name in names))
    requests = await requests_of(two, names)
    moment = two.next_sweep()
    last = max(request.due_at for request in requests if request.due_at)
    two.make_due_at(moment - 0.02, last - two.harness.clock.now())
    for request, offset in zip(requests, (-0.5, -0.1, 0.0, 0.1, 0.6), strict=True):
        two.balancer.moments[DANA, request.id] = moment + offset
    await asyncio.gather(*(press_until_acknowledged(two.harness, DANA, name, "Undo") for name in names))
    await wait_until_left(two, names, State.QUARANTINED)
    winners = []
    for name in names:
        request = await newest(two, name)
        undone = request.state is State.RESTORED
        await check_outcome(two, name, State.RESTORED if undone else State.SUCCEEDED,
                    calls=("DELETE", "/databases/{}", 0 if undone else 1))  # fmt: skip
        assert await (is_there if undone else is_gone)(two.harness, name)
        if undone:
            assert await blocks(False, False)(two.harness, name)
        winners.append("undo" if undone else "end")
    return winners


async def end_of_freeze_against_quarantine(two: Pair, names: list[str]) -> list[str]:
    """Let a freeze end while a quarantine begins. The database stays blocked.

    Return for each database which came first: `freeze ended first` or `quarantine first`.
    """
    for name in names:
        await two.harness.ensure_database(name)
    await asyncio.gather(*(ask_until_acknowledged(two.harness, f"db freeze {name} --for 30m") for name in names))
    await two.wait_until_idle()
    holds = [hold for hold in await two.harness.store.holds.find() if hold.database in names]
    await asyncio.gather(*(ask_until_acknowledged(two.harness, f"db destroy {name}") for name in names))
    for name in names:
        await card_of(two.harness, name, "Approve")
    await two.wait_until_idle()
    requests = await requests_of(two, names)
    moment = two.next_sweep()
    two.make_due_at(moment - 0.02, max(hold.due_at for hold in holds if hold.due_at) - two.harness.clock.now())
    for request, offset in zip(requests, (-1.1, -0.5, -0.12, 0.06, 0.6), strict=True):
        two.balancer.moments[ANA, request.id] = moment + offset
    await asyncio.gather(*(press_until_acknowledged(two.harness, ANA, name, "Approve") for name in names))
    await wait_until_left(two, names, State.PENDING)
    winners = []
    for name in names:

        async def released(name: str = name) -> bool | None:
            held = [hold.kind.value for hold in await two.harness.store.holds.find() if hold.database == name]
            return held == ["quarantine"] or None

        await poll_until(released, f"only the quarantine to hold {name}")
        await two.wait_until_idle()
        await check_outcome(two, name, State.QUARANTINED)
        assert await blocks(True, True)(two.harness, name), "the end of the freeze unblocked the quarantine"
        page = await two.harness.store.audit.page(before_seq=None, limit=50, databases=[name])
        order = [one.event for _, one in reversed(page) if one.event in ("thawed", "executed")]
        winners.append("freeze ended first" if order.index("thawed") == 1 else "quarantine first")
    return winners

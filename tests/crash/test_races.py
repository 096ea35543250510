"""Races: two conflicting actions reach two processes on one store at the same time. There is one outcome."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from bot.core.requests.request import State
from tests.crash.pair import Pair, pair
from tests.crash.race_steps import (
    approves,
    ask_each,
    both_ask_to_switch,
    both_pending,
    check_outcome,
    copy_request,
    newest,
    open_denial_form,
    press_together,
    presses_undo,
    requests_of,
    rewind_each,
    wait_until_left,
)
from tests.crash.scenarios import (
    acknowledged,
    ask_until_acknowledged,
    asked,
    blocks,
    card_of,
    is_gone,
    is_switched,
    is_there,
    press_until_acknowledged,
    quarantined,
)
from tests.crash.stores import STORES, new_store
from tests.crash.waiting import poll_until
from tests.forked import ForkServer
from tests.soak import CHOICE, LIMIT_SECONDS, SOAK, soaked
from tests.world import ANA, BEN, DANA, DB_OPS, REMY

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)

WAVES = soaked(10, 1)
MORE = 3
"""The most extra waves while the same side has won every time. On a busy machine, one side may always be late."""
OFFSETS = (0.0, -0.25, 0.25, -0.05, 0.05)
"""How many seconds the second action comes after the first. A wave runs one race for each, all at once."""
DENIED_AFTER = (0.0, 0.25, 0.5, 1.0, 2.0)
"""How many seconds a denial comes after the approval. It loses only if the change was sent before it."""
ROTATE = "/databases/{}/auth/rotate"
CONFIGURATION = "/databases/{}/configuration"
Race = Callable[[Pair, list[str]], Awaitable[list[str]]]


@pytest.mark.parametrize("kind", STORES)
async def test_two_processes_agree_on_one_outcome(
    kind: str, fork_server: ForkServer, postgres_server: str, record_property: Callable[[str, object], None]
) -> None:
    winners: dict[str, Counter[str]] = {}
    async with pair(fork_server, new_store(kind, postgres_server)) as two:
        for race in races_on(kind):
            winners[race.__name__] = seen = Counter[str]()
            for wave in range(WAVES + MORE):
                if wave >= WAVES and (len(seen) == 2 or race is double_click):
                    break
                names = [f"{race.__name__.replace('_', '-')}-{wave}-{number}" for number in range(len(OFFSETS))]
                for name in names:  # before the requests: a database that joins the group makes a rotation stale
                    await two.harness.ensure_database(name)
                seen.update(await race(two, names))
                await two.wait_until_idle()
        await two.harness.check_audit_chain()
        status, said = await two.harness.bot.run("audit", "verify")
        assert status == 0, said

    record_property("figure", f"races, {kind}: {winners}")
    for name, found in winners.items():
        assert len(found) == 2 or name == "double_click", f"{name}: only {dict(found)}"


def races_on(kind: str) -> list[Race]:
    """Return the races that are run on a store: all in the soak, else every second one."""
    return RACES if SOAK else RACES[(STORES.index(kind) + CHOICE) % 2 :: 2]


async def double_click(two: Pair, names: list[str]) -> list[str]:
    """Let a person press Approve twice, so that each process gets one press."""
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
    """Let two people press Approve where one is enough, so that one of the votes starts the work."""
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
    """Let one person approve while another denies."""
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
    """Let a person approve while the request expires."""
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


async def undo_against_end_of_countdown(two: Pair, names: list[str]) -> list[str]:
    """Let a person press Undo while the countdown ends."""
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
    """Let a freeze end while a quarantine begins. The database stays blocked."""
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


async def two_quarantines(two: Pair, names: list[str]) -> list[str]:
    """Let two destroys of one database be approved at once. One quarantine begins, the other request is stale."""
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
    """Let two switches to one copy be approved at once. One happens, and nothing is sent twice."""
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

    The database is blocked if the second switch happens, and not blocked if it is stale.
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


RACES: list[Race] = [
    double_click,
    two_approvers,
    approve_against_deny,
    approve_against_expire,
    undo_against_end_of_countdown,
    end_of_freeze_against_quarantine,
    two_quarantines,
    two_switches,
    switch_against_undo,
]

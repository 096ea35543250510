"""A hold that ends removes only its own blocks, and none that another hold needs or that others have set."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from bot.commands.databases._holds import (
    blocked,
    blocks_left_by,
    blocks_of_others,
    holds_to_release,
    is_lifted,
    lift,
    lift_of,
    lift_once,
)
from bot.core.ports.store import ReadStore
from bot.core.records.holds import Hold, HoldKind
from bot.core.requests.plan import PlanTarget
from bot.errors import Unavailable
from tests.commands.conftest import Desk
from tests.store.samples import hold

FREEZE, QUARANTINE, FOUND = HoldKind.FREEZE, HoldKind.QUARANTINE, HoldKind.FOUND


def held(number: int, kind: HoldKind, reads: bool, writes: bool) -> Hold:
    return hold(number, kind=kind, database="orders", block_reads=reads, block_writes=writes)


class ChangingStore:
    """A store that returns the given lists of holds one after another, and then repeats the last one."""

    def __init__(self, *reads: Sequence[Hold]) -> None:
        self.reads = list(reads)
        self.holds = self

    async def find(self, **_: object) -> list[Hold]:
        return list(self.reads.pop(0) if len(self.reads) > 1 else self.reads[0])


def changing(*reads: Sequence[Hold]) -> ReadStore:
    """Return a `ChangingStore`. These tests read only holds from it."""
    return cast(ReadStore, ChangingStore(*reads))


def blocks(desk: Desk) -> tuple[bool, bool]:
    now = desk.acme.configurations["orders"]
    return bool(now["block_reads"]), bool(now["block_writes"])


def patches(desk: Desk) -> int:
    return sum(line.startswith("PATCH") for line in desk.acme.log())


ENDS = {
    "its own block is removed": ((False, True), [], (False, True), (False, False)),
    "nothing is blocked, so nothing changes": ((False, False), [], (True, True), (False, False)),
    "a found block that was removed since stays removed": (
        (False, False),
        [(FOUND, True, True)],
        (False, True),
        (False, False),
    ),
    "a found block stays": ((True, True), [(FOUND, True, True)], (False, True), (True, True)),
    "a block that others have set since stays": ((True, True), [], (False, True), (True, False)),
    "a block that another hold needs stays": ((True, True), [(QUARANTINE, True, True)], (True, True), (True, True)),
    "a missing block of another hold isn't set": (
        (False, True),
        [(QUARANTINE, True, True)],
        (False, True),
        (False, True),
    ),
}


@pytest.mark.parametrize(("before", "others", "own", "after"), ENDS.values(), ids=ENDS)
async def test_a_hold_that_ends_removes_only_its_own_blocks(
    desk: Desk, before: Any, others: Any, own: Any, after: Any
) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"] |= {"block_reads": before[0], "block_writes": before[1]}
    ending = held(1, FREEZE, *own)
    store = changing([ending, *(held(at, *one) for at, one in enumerate(others, start=2))])

    await lift(desk.turso, store, lift_of(ending))

    assert blocks(desk) == after
    assert await is_lifted(desk.turso, store, lift_of(ending))


async def test_a_hold_that_is_placed_while_another_ends_gets_its_block_back(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"] |= {"block_reads": True, "block_writes": True}
    ending, comes = held(1, FREEZE, False, True), held(2, QUARANTINE, True, True)

    await lift(desk.turso, changing([ending], [ending, comes]), lift_of(ending))

    assert blocks(desk) == (True, True)


async def test_when_two_holds_end_together_the_last_one_removes_the_blocks_of_both(desk: Desk) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"] |= {"block_reads": True, "block_writes": True}
    ending, other = held(1, FREEZE, True, True), held(2, FREEZE, False, True)
    both = [ending, other]

    assert await lift_once(desk.turso, changing(both, both, both, [ending]), lift_of(ending))

    assert blocks(desk) == (False, False)


async def test_nothing_is_sent_if_another_hold_needs_all_blocks(desk: Desk) -> None:
    desk.acme.add("orders")
    ending, other = held(1, FREEZE, False, True), held(2, FREEZE, False, True)

    await lift(desk.turso, changing([ending, other]), lift_of(ending))

    assert patches(desk) == 0


@pytest.mark.parametrize("left_out", ["block_reads", "block_writes"])
async def test_a_block_that_turso_does_not_report_is_an_error(desk: Desk, left_out: str) -> None:
    desk.acme.add("orders")
    del desk.acme.configurations["orders"][left_out]

    with pytest.raises(Unavailable, match="doesn't say"):
        await blocked(desk.turso, "orders")


@pytest.mark.parametrize(
    ("now", "holds", "others"),
    [
        pytest.param((True, False), [], (True, False), id="a block without a hold was set by others"),
        pytest.param(
            (False, True), [(FREEZE, False, True)], (False, False), id="a block with a hold was set by the bot"
        ),
        pytest.param((True, True), [(FREEZE, False, True)], (True, False), id="each block separately"),
        pytest.param(
            (True, True),
            [(FREEZE, False, True), (FOUND, False, True)],
            (True, True),
            id="found, and also set by the bot",
        ),
        pytest.param((False, False), [(FOUND, True, True)], (False, False), id="found, and unblocked since"),
    ],
)
def test_blocks_without_a_hold_were_set_by_others(
    now: tuple[bool, bool], holds: Any, others: tuple[bool, bool]
) -> None:
    assert blocks_of_others(now, [held(at, *one) for at, one in enumerate(holds)]) == others


@pytest.mark.parametrize(
    ("kinds", "ended", "released"),
    [
        pytest.param((QUARANTINE, FOUND), ["h-0"], ["h-0", "h-1"], id="the last other hold ends"),
        pytest.param((QUARANTINE, FOUND, FREEZE), ["h-0"], ["h-0"], id="another hold remains"),
        pytest.param((FREEZE, FREEZE), ["h-1"], ["h-1"], id="nothing was found"),
        pytest.param((FOUND,), [], ["h-0"], id="there is no other hold"),
    ],
)
def test_a_hold_for_a_found_block_is_released_with_the_last_other_hold(
    kinds: Any, ended: Any, released: list[str]
) -> None:
    assert holds_to_release(ended, [held(at, kind, True, True) for at, kind in enumerate(kinds)]) == released


@pytest.mark.parametrize(
    ("own", "other", "left"),
    [
        pytest.param((FREEZE, True, True), None, (False, True), id="what Turso still blocks"),
        pytest.param((FREEZE, False, True), (QUARANTINE, True, True), (False, False), id="another hold needs it"),
        pytest.param((FREEZE, False, True), (FREEZE, True, False), (False, True), id="another hold blocks reads"),
        pytest.param((FOUND, False, True), None, (False, False), id="the block was found"),
        pytest.param(None, (FREEZE, False, True), (False, False), id="only another request has a hold"),
    ],
)
async def test_a_request_has_left_the_blocks_that_only_its_own_holds_need(
    desk: Desk, own: Any, other: Any, left: tuple[bool, bool]
) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"]["block_writes"] = True
    holds = [replace(held(1, *own), request_id="r-own")] if own else []
    holds += [held(2, *other)] if other else []

    found = await blocks_left_by(desk.turso, changing(holds), "r-own", PlanTarget("orders", "db-1", "default"))

    assert found == left

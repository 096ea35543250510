"""Checks whether a change happened: in Turso, in the store or on a card."""

import re

from bot.core.records.branches import BranchState
from tests.crash.lane import ORGANIZATION, Lane
from tests.crash.scenarios.acts import card_now
from tests.crash.scenarios.preparations import copy_of
from tests.crash.scenarios.shared import ROTATE, Look


async def is_awake(lane: Lane, name: str) -> bool:
    found = await lane.turso.get(f"/v1/organizations/acme/groups/g-{name}")
    return found.json()["group"]["archived"] is False


async def is_branch(lane: Lane, name: str) -> bool:
    """Return True if the branch exists. The store must have a row for it exactly then."""
    kept = [one for one in await lane.store.branches.find(organization="acme") if one.database == name]
    there = await is_there(lane, name)
    assert len(kept) == there, f"{kept} for a branch that is {'there' if there else 'not there'}"
    return there


async def has_copy(lane: Lane, name: str) -> bool:
    """Return True if the copy of the newest rewind exists."""
    request = await lane.newest(name)
    return request is not None and await lane.database_id(str(request.plan.arguments["copy"])) is not None


async def is_switched(lane: Lane, name: str) -> bool:
    """Return True if the old database is blocked.

    It and its copy must exist in any case, and its tokens must have been revoked at most once.
    """
    assert await lane.database_id(name) is not None
    assert await lane.database_id(await copy_of(lane, name)) is not None
    assert lane.sent("POST", ROTATE.format(name)) <= 1
    return await lane.blocked(name) == (True, True)


async def is_discarded(lane: Lane, copy: str) -> bool:
    """Return True if the copy is gone. The database that was copied must exist in any case."""
    assert await lane.database_id(re.sub(r"-rewind-\d{4}-\d{4}-[0-9a-f]{6}$", "", copy)) is not None
    return await is_gone(lane, copy)


async def is_kept(lane: Lane, copy: str) -> bool:
    assert await lane.database_id(copy) is not None
    return any(one.database == copy for one in await lane.store.branches.find(organization="acme"))


async def has_reached_its_end(lane: Lane, branch: str) -> bool:
    """Return True if the quarantine of the expired branch was requested. It is requested once, even if it fails."""
    found = await lane.store.branches.find(organization="acme")
    return any(one.database == branch and one.state is BranchState.ENDED for one in found)


async def has_overages(lane: Lane, name: str) -> bool:
    return bool((await lane.turso.get(ORGANIZATION)).json()["organization"]["overages"])


async def is_there(lane: Lane, name: str) -> bool:
    return await lane.database_id(name) is not None


async def is_gone(lane: Lane, name: str) -> bool:
    return await lane.database_id(name) is None


async def waits_without_countdown(lane: Lane, name: str) -> bool:
    request = await lane.newest(name)
    return request is not None and request.rests


async def holds_nothing(lane: Lane, name: str) -> bool:
    return all(hold.database != name for hold in await lane.store.holds.find())


def blocks(reads: bool, writes: bool) -> Look:
    async def look(lane: Lane, name: str) -> bool:
        return await lane.blocked(name) == (reads, writes)

    return look


async def has_card(lane: Lane, name: str) -> bool:
    return card_now(lane, name, "Approve") is not None


async def may_be_revealed(lane: Lane, name: str) -> bool:
    return card_now(lane, name, "Reveal") is not None


async def has_no_buttons(lane: Lane, name: str) -> bool:
    return card_now(lane, name, "Approve") is None


def was_called(method: str, path: str) -> Look:
    async def look(lane: Lane, name: str) -> bool:
        return lane.sent(method, path.format(name)) > 0

    return look

"""Checks whether a change happened: in Turso, in the store or on a card."""

import re

from bot.core.records.branches import BranchState
from tests.crash.harness import ORGANIZATION, Harness
from tests.crash.scenarios.actions import card_now
from tests.crash.scenarios.preparations import copy_of
from tests.crash.scenarios.shared import ROTATE, Check


async def is_awake(harness: Harness, name: str) -> bool:
    found = await harness.turso.get(f"/v1/organizations/acme/groups/g-{name}")
    return found.json()["group"]["archived"] is False


async def is_branch(harness: Harness, name: str) -> bool:
    """Return True if the branch exists. Assert that the store has one row for it then, and none otherwise."""
    kept = [one for one in await harness.store.branches.find(organization="acme") if one.database == name]
    there = await is_there(harness, name)
    assert len(kept) == there, f"{kept} for a branch that is {'there' if there else 'not there'}"
    return there


async def has_copy(harness: Harness, name: str) -> bool:
    """Return True if the copy of the newest rewind exists."""
    request = await harness.newest(name)
    return request is not None and await harness.database_id(str(request.plan.arguments["copy"])) is not None


async def is_switched(harness: Harness, name: str) -> bool:
    """Return True if the old database is blocked.

    Assert in any case that it and its copy exist, and that its tokens were revoked at most once.
    """
    assert await harness.database_id(name) is not None
    assert await harness.database_id(await copy_of(harness, name)) is not None
    assert harness.sent("POST", ROTATE.format(name)) <= 1
    return await harness.blocked(name) == (True, True)


async def is_discarded(harness: Harness, copy: str) -> bool:
    """Return True if the copy is gone. Assert in any case that the database that was copied exists."""
    assert await harness.database_id(re.sub(r"-rewind-\d{4}-\d{4}-[0-9a-f]{6}$", "", copy)) is not None
    return await is_gone(harness, copy)


async def is_kept(harness: Harness, copy: str) -> bool:
    assert await harness.database_id(copy) is not None
    return any(one.database == copy for one in await harness.store.branches.find(organization="acme"))


async def has_reached_its_end(harness: Harness, branch: str) -> bool:
    """Return True if the bot has handled the end of the branch: it has requested its quarantine, which it does once."""
    found = await harness.store.branches.find(organization="acme")
    return any(one.database == branch and one.state is BranchState.ENDED for one in found)


async def has_overages(harness: Harness, name: str) -> bool:
    return bool((await harness.turso.get(ORGANIZATION)).json()["organization"]["overages"])


async def is_there(harness: Harness, name: str) -> bool:
    return await harness.database_id(name) is not None


async def is_gone(harness: Harness, name: str) -> bool:
    return await harness.database_id(name) is None


async def waits_without_countdown(harness: Harness, name: str) -> bool:
    request = await harness.newest(name)
    return request is not None and request.is_indefinite


async def holds_nothing(harness: Harness, name: str) -> bool:
    return all(hold.database != name for hold in await harness.store.holds.find())


def blocks(reads: bool, writes: bool) -> Check:
    """Return a check that Turso blocks, or doesn't block, reads and writes as given."""

    async def look(harness: Harness, name: str) -> bool:
        return await harness.blocked(name) == (reads, writes)

    return look


async def has_card(harness: Harness, name: str) -> bool:
    return card_now(harness, name, "Approve") is not None


async def may_be_revealed(harness: Harness, name: str) -> bool:
    return card_now(harness, name, "Reveal") is not None


async def has_no_approve_button(harness: Harness, name: str) -> bool:
    return card_now(harness, name, "Approve") is None


def was_called(method: str, path: str) -> Check:
    """Return a check that the call was sent."""

    async def look(harness: Harness, name: str) -> bool:
        return harness.sent(method, path.format(name)) > 0

    return look

"""Helpers for scenarios about absences: a policy that lets approvers name delegates, and functions that type lines."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.policies import ACME
from tests.world import ANA, BEN, DANA, REMY, World, set_policy, words

OWN_POLICY = (
    ACME
    + """\
people:
  dba: {users: [U0ANA], may_delegate_to: [deputies]}
  second: {users: [U0DANA], may_delegate_to: [deputies]}
  deputies: {users: [U0BEN, U0REMY]}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, away]}
      - {approve: freeze, by: dba, confirm: none, notify: dba, expires: 8h}
      - {approve: protect, by: [dba, second], quorum: 2, confirm: none}
      - {approve: destroy, by: dba, confirm: none, countdown: 2h}
"""
)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def restored(world: World) -> AsyncIterator[None]:
    """Restore the policy and end all absences after each test."""
    yield
    assert world.bot is not None
    set_policy(world, OWN_POLICY)
    for one in (ANA, BEN, DANA, REMY):
        await world.bot.store.delegations.drop(one)


async def away(world: World, person: str = ANA, to: str = BEN, until_: str = "3h") -> Any:
    """Let a person name a delegate, and return the bot's answer."""
    return await world.person(person).types(f"/turso away --until {until_} --to <@{to}>", holding="can approve for")


async def answer_to(world: World, line: str, person: str = ANA) -> str:
    """Type a line, and return the text of the answer."""
    return words(await world.person(person).types(line))

"""A command that was acknowledged is in the store and is completed, even if the bot is killed under load."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot.core.requests.request import State
from tests.crash.harness import Harness, harness
from tests.crash.scenarios import DATABASES, acknowledged, ask
from tests.crash.stores import STORES, new_store
from tests.crash.told import is_told_in_response
from tests.crash.waiting import poll_until
from tests.forked import ForkServer
from tests.soak import one_in
from tests.world import DANA, DB_OPS, words

PEOPLE = 8
"""How many tasks type commands at the same time, all of them as Dana."""
ACKNOWLEDGED = 8
"""The minimum number of deliveries that the bot acknowledges before it is killed."""
SETTLED = (State.SUCCEEDED, State.FAILED, State.UNKNOWN)


@dataclass
class Load:
    """Requests one database after the other until the process is killed."""

    here: Harness
    killed: bool = False
    acknowledged: set[str] = field(default_factory=set)
    """The databases whose command was acknowledged, by a response that doesn't say that it isn't recorded."""

    async def asks_until_killed(self, person: int) -> None:
        """Type one command after another until the process was killed and a command isn't acknowledged."""
        for number in count():
            name = f"load-{person}-{number:02}"
            acted = await ask(self.here, f"db create {name}")
            if acknowledged(acted) and not is_told_in_response(acted):
                self.acknowledged.add(name)
            elif self.killed:
                return


@pytest.mark.parametrize("kind", one_in(2, STORES))
async def test_acknowledged_commands_are_stored_and_completed_after_a_kill_under_load(
    kind: str, fork_server: ForkServer, postgres_server: str
) -> None:
    async with harness(fork_server, new_store(kind, postgres_server)) as here:
        load = Load(here)
        asking = [asyncio.create_task(load.asks_until_killed(person)) for person in range(PEOPLE)]
        await poll_until(lambda: _acknowledged(here, ACKNOWLEDGED), f"{ACKNOWLEDGED} acknowledgements")

        await here.bot.kill()
        load.killed = True
        here.gate.drop()
        await asyncio.gather(*asking)

        names = await here.store.database.read(_names_in_intents)
        assert len(load.acknowledged) >= ACKNOWLEDGED
        assert load.acknowledged <= names, "acknowledged, but not in the store"

        await here.bot.start()
        try:
            await poll_until(lambda: _all_settled(here, names), "every command to end", within=90)
        except AssertionError as error:
            states = {name: await here.state_of(name) for name in sorted(names)}
            raise AssertionError(f"{error}: {states}\n{here.bot.log.read_text()[-3000:]}") from error
        await _nothing_is_lost_or_twice(here, sorted(names))
        await here.check_audit_chain()


def _names_in_intents(connection: Connection) -> set[str]:
    lines = connection.execute(text("SELECT text FROM intents WHERE kind = 'command'")).scalars()
    return {line.rpartition(" ")[2] for line in lines}


async def _acknowledged(here: Harness, number: int) -> bool | None:
    return sum(one.ok for one in here.world.workspace.deliveries) >= number or None


async def _all_settled(here: Harness, names: set[str]) -> bool | None:
    states = [await here.state_of(name) for name in names]
    return (all(state in SETTLED for state in states) and await here.idle()) or None


async def _nothing_is_lost_or_twice(here: Harness, names: list[str]) -> None:
    there = 0
    for name in names:
        state, exists = await here.state_of(name), await here.database_id(name) is not None
        assert exists or state is not State.SUCCEEDED, f"{name} doesn't exist, but its request is {state}"
        assert not exists or state is not State.FAILED, f"{name} exists, but its request is {state}"
        there += exists
    made = here.sent("POST", DATABASES)
    assert there <= made <= len(names), f"{made} calls for {there} databases"
    seen: Any = [words(one) for one in here.world.workspace.history(DB_OPS, DANA)]
    unheard = [name for name in names if not any(name in one for one in seen)]
    assert not unheard, f"no message about {unheard}"

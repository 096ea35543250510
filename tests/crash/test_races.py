"""Races: two conflicting actions reach two processes on one store at the same time. There is one outcome."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.crash.pair import pair
from tests.crash.races import OFFSETS, RACES, Race, double_click
from tests.crash.stores import STORES, new_store
from tests.forked import ForkServer
from tests.soak import CHOICE, LIMIT_SECONDS, SOAK, soaked

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)

WAVES = soaked(10, 1)
MORE = 3
"""The maximum number of extra waves if the same side has won every time, because a busy machine may delay one side."""


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
    """Return the races that are run on this kind of store: all in the soak, otherwise every second one."""
    return RACES if SOAK else RACES[(STORES.index(kind) + CHOICE) % 2 :: 2]

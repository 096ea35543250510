"""The crash matrix: kill a real process at each point of each change, on both kinds of store.

A point is just before or after a call to Turso, a call to Slack or a commit. Nothing else that the process does can be
seen by others, so kills at these points cover all kills. The soak kills at every point, on both stores.
`make test` runs every fourth change and kills the process once in each, in turn before a call to Turso, a call to Slack
and a commit, and in turn on SQLite and PostgreSQL. `TEST_CHOICE=1`, 2 and 3 run the other changes.
"""

from collections.abc import Callable

import pytest

from tests.crash.matrix import KINDS, PLAYED_CHANGES, every_cell
from tests.crash.scenarios import Scenario
from tests.forked import ForkServer
from tests.soak import LIMIT_SECONDS

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)


@pytest.mark.parametrize("scenario", PLAYED_CHANGES, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_survives_a_kill_at_every_point(
    scenario: Scenario,
    kind: str,
    fork_server: ForkServer,
    postgres_server: str,
    record_property: Callable[[str, object], None],
) -> None:
    figure = await every_cell(scenario, kind, fork_server, postgres_server)
    record_property("figure", figure)
    print(figure)

"""The crash matrix: a real process, killed at the points of every change, on both kinds of store.

A point lies before one thing that the process does to the outside: a call to Turso or Slack, or a commit. What comes
after it is the same to the world as what comes before the next one, so one kill for each is every kill there is. The
soak plays both sides of each, on both stores. `make test` plays one kill in every second change. Each of the three
kinds of thing and each store has its share of them. `TEST_CHOICE=1` plays the other changes.
"""

from collections.abc import Callable

import pytest

from tests.crash.matrix import KINDS, PLAYED_CHANGES, every_cell
from tests.crash.scenarios import Scenario
from tests.forked import Nursery
from tests.soak import LIMIT_SECONDS

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)


@pytest.mark.parametrize("scenario", PLAYED_CHANGES, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_survives_a_kill_at_every_point(
    scenario: Scenario,
    kind: str,
    nursery: Nursery,
    postgres_server: str,
    record_property: Callable[[str, object], None],
) -> None:
    figure = await every_cell(scenario, kind, nursery, postgres_server)
    record_property("figure", figure)
    print(figure)

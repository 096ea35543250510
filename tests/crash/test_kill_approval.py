"""The crash matrix of requests, approvals, denials and other steps that change no database. See `test_kill`."""

from collections.abc import Callable

import pytest

from tests.crash.matrix import KINDS, PLAYED_APPROVALS, every_cell
from tests.crash.scenarios import Scenario
from tests.forked import ForkServer


@pytest.mark.parametrize("scenario", PLAYED_APPROVALS, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_or_vote_survives_a_kill_at_every_point(
    scenario: Scenario,
    kind: str,
    fork_server: ForkServer,
    postgres_server: str,
    record_property: Callable[[str, object], None],
) -> None:
    figure = await every_cell(scenario, kind, fork_server, postgres_server)
    record_property("figure", figure)
    print(figure)

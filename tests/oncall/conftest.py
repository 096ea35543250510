"""Provides the on-call clients, with the sandbox's imitation of each on-call service on a real socket."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import pytest
from pydantic import SecretStr

from bot.core.oncall import Provider, Schedule
from bot.oncall import Schedules
from bot.oncall.incident_io import IncidentIo
from bot.oncall.opsgenie import Opsgenie
from bot.oncall.pagerduty import PagerDuty
from bot.sandbox.oncall.app import PREFIX, create_oncall
from bot.sandbox.oncall.roster import ANA, BEN, SCHEDULE, Roster
from bot.sandbox.running import bound, served

TOKEN = "the-on-call-token-of-tests"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ADAPTERS: dict[Provider, Callable[..., PagerDuty | Opsgenie | IncidentIo]] = {
    Provider.PAGERDUTY: PagerDuty,
    Provider.OPSGENIE: Opsgenie,
    Provider.INCIDENT_IO: partial(IncidentIo, now=lambda: NOON),
}


@dataclass
class Desk:
    """The roster of the sandbox's on-call services, and the bot's schedules that read it."""

    roster: Roster
    url: str
    schedules: Schedules
    slack_ids: dict[Provider, dict[str, str]]
    clock: list[float]
    """The time in seconds, as its only element."""
    seen: list[tuple[str, int]] = field(default_factory=list)
    """The service and the status of each call."""


@pytest.fixture(params=Provider)
def first(request: pytest.FixtureRequest) -> str:
    """Return the key of the first schedule, for each service."""
    return Schedule(request.param, SCHEDULE).key


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """Yield a roster with its schedules. Ana and Ben have a Slack ID in each service's mapping."""
    roster, clock, seen = Roster(), [0.0], list[tuple[str, int]]()
    slack_ids = {one: {ANA: "U0ANA", BEN: "U0BEN"} for one in Provider}
    with bound(0) as port:
        url = f"http://127.0.0.1:{port.getsockname()[1]}{PREFIX}"
        async with served(create_oncall(roster, TOKEN), port):

            def observe(provider: str, status: int, seconds: float) -> None:
                seen.append((provider, status))

            adapters = [
                maker(f"{url}/{provider}/", SecretStr(TOKEN), observer=observe) for provider, maker in ADAPTERS.items()
            ]
            schedules = Schedules(adapters, lambda: slack_ids, now=lambda: clock[0])
            yield Desk(roster, url, schedules, slack_ids, clock, seen)
            for one in adapters:
                await one.calls.__aexit__()

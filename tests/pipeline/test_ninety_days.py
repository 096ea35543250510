"""Ninety simulated days on the real store, with two processes and crashes: no alert is posted twice or lost."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.core.alerts import Alert, AlertKind, AlertSubscription, Measure
from bot.core.alerts.hours import BEFORE_THE_HOUR, HOUR
from bot.core.records.timers import Timer, TimerKind
from bot.pipeline.environment import Environment
from bot.pipeline.timers.due import fire
from tests.core.alerts.simulation import DAYS, MEASURES, START, Organization, Turso, mistakes, of_kind
from tests.crash.simulated_process import simulated_process
from tests.crash.simulation import Crash, Simulation
from tests.pipeline.in_memory import ANA, RecordingSlack
from tests.soak import LIMIT_SECONDS

pytestmark = [pytest.mark.soak, pytest.mark.timeout(LIMIT_SECONDS)]
HOURS = DAYS * 24
KEYS = {Measure.ROWS_READ: "rowsRead", Measure.ROWS_WRITTEN: "rowsWritten", Measure.BYTES_SYNCED: "bytesSynced"}


@dataclass
class Months:
    """Turso's API for one simulated organization, the processes that call it, and their clock."""

    of: Simulation
    organization: Organization
    counters: Turso
    hour: int = 0
    usage_calls: int = 0
    posted: list[str] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request to Turso's API."""
        path = request.url.path
        if path.endswith("/acme/usage"):
            self.usage_calls += 1
            return httpx.Response(200, json=self._usage())
        if path.endswith("/subscription"):
            return httpx.Response(200, json={"subscription": {"plan": "scaler"}})
        if path.endswith("/plans"):
            quotas = {KEYS[one]: quota for one, quota in self.organization.quotas.items()}
            return httpx.Response(200, json={"plans": [{"name": "scaler", "quotas": quotas}]})
        names = self.organization.used
        listed = [{"Name": one.replace("db", "orders"), "DbId": one, "Hostname": f"{one}.turso.io"} for one in names]
        return httpx.Response(200, json={"databases": listed})

    def _usage(self) -> dict[str, Any]:
        samples = self.counters.samples(self.hour).values()
        numbers = [{one.value: getattr(sample, one.value) for one in MEASURES} for sample in samples]
        shares = [{"uuid": one.database_id, "usage": each} for one, each in zip(samples, numbers, strict=True)]
        reading = self.counters.reading(self.hour, self.of.now(), self.of.now())
        total = {one.value: getattr(reading, one.value) for one in (*MEASURES, Measure.STORAGE)}
        return {"organization": {"uuid": "o", "usage": total, "databases": shares}}

    @asynccontextmanager
    async def process(self) -> AsyncIterator[Environment]:
        """Start a process, and collect its public messages."""
        async with simulated_process(self.of) as started:
            slack = RecordingSlack(self.of)
            slack.public = self.posted
            yield replace(started.env, messenger=slack)

    def to(self, moment: datetime) -> None:
        """Set the clock."""
        self.of.offset += moment - self.of.now()


async def attempt(env: Environment, timer: Timer) -> Timer | None:
    """Fire a timer, and store the one that follows. A crash while it fires leaves it in the store."""
    try:
        following = await fire(env, timer)
    except Crash:
        return None
    await env.store.timers.replace(timer, following)
    return following


async def pass_hour(months: Months, envs: list[Environment], noise: random.Random) -> None:
    """Let both processes take the hour's sample together, sometimes with a crash, and then fire the due timers."""
    (timer,) = [one for one in await envs[0].store.timers.due(months.of.now()) if one.kind is TimerKind.SAMPLE]
    if noise.random() < 0.05:
        months.of.crash_point.steps_left = noise.randrange(30)
    await asyncio.gather(*(attempt(env, timer) for env in envs))
    months.of.crash_point.steps_left = None
    while due := await envs[0].store.timers.due(months.of.now()):
        for one in due:
            await attempt(envs[1], one)


@pytest.mark.parametrize("seed", range(200, 202))
async def test_two_processes_post_each_alert_once(seed: int, tmp_path: Path) -> None:
    of = Simulation(tmp_path)
    await of.prepare()
    organization, noise = Organization.simulate(seed, quotas=True), random.Random(seed)
    months = Months(of, organization, Turso(organization))
    of.turso.handle = months.handle  # type: ignore[method-assign]
    months.to(START)
    async with months.process() as first, months.process() as second:
        wanted = AlertSubscription("C0DBOPS", "acme", (50, 80, 95), 5.0, True, author=ANA, created_at=START)
        await first.store.alerts.subscribe(wanted)
        for hour in range(HOURS):
            months.hour = hour
            months.counters.hour(hour)
            if hour not in organization.missed:
                months.to(START + (hour + 1) * HOUR - BEFORE_THE_HOUR + timedelta(seconds=20))
                await pass_hour(months, [first, second], noise)
        found: list[Alert] = await first.store.alerts.since(START, organization="acme")
        readings = await first.store.samples.readings(organization="acme", since=START)

    assert mistakes(organization, readings, found) == []
    shown = [one for one in found if one.card_ts is not None]
    assert len(months.posted) == len(shown)
    assert all(not one.is_open for one in found if one not in shown), "an alert without a card has ended"
    assert not of_kind(found, AlertKind.FAILURES)
    assert months.usage_calls <= 2 * len(readings) + HOURS // 20
    assert of_kind(found, AlertKind.SPIKE)
    assert of_kind(found, AlertKind.QUOTA)
    assert of_kind(found, AlertKind.FORECAST)

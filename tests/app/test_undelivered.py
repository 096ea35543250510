"""`/metrics` and `doctor` report an outcome that no one was notified of, until it is delivered or seven days old."""

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio

from bot.app.checks import Unhealthy
from bot.app.health import NOTIFIED_SINCE, NOTIFIED_WITHIN, Health
from bot.app.metrics import Metrics
from bot.app.serving import http_app
from bot.errors import Unavailable
from bot.pipeline.timers.due import fire
from tests.pipeline.fake_slack import MEMBERS, OF_OUTCOMES, Notifier, notifier
from tests.pipeline.test_everyone_is_notified import KINDS, TROUBLED

pytestmark = pytest.mark.asyncio(loop_scope="module")
A_MOMENT = timedelta(seconds=1)
OF_REQUESTS = [kind for kind in KINDS if kind not in ("thawed", "incident over")]
"""The kinds that `/metrics` and `doctor` report while Slack fails. A timer sends the other two, and fails instead."""


@dataclass
class Monitoring:
    """The bot's delivery of outcomes, with its metrics and `doctor`."""

    notifier: Notifier
    health: Health
    pages: httpx.AsyncClient

    async def gauge(self, name: str = "turso_ops_outcomes_undelivered") -> float:
        """Return the value of a gauge, as Prometheus reads it."""
        text = (await self.pages.get("/metrics")).text
        return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))

    async def doctor(self) -> str:
        """Return the problem that `doctor` reports, or an empty string."""
        try:
            await self.health.outcomes()
        except Unhealthy as error:
            return str(error)
        return ""


async def _nothing_is_stuck(**_: Any) -> list[str]:
    return []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_monitoring(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Monitoring]:
    """Yield the monitoring that all tests of this module share."""
    async with notifier(tmp_path_factory.mktemp("monitoring")) as found:
        nothing = cast(Any, None)
        queue = SimpleNamespace(stuck=_nothing_is_stuck)
        health = Health(
            found.store, found.clock, nothing, nothing, nothing, nothing, cast(Any, queue), nothing, nothing, nothing
        )
        settings = SimpleNamespace(signing_secrets=["secret"])
        app: Any = http_app(
            cast(Any, SimpleNamespace(bolt=None, signatures=None, settings=settings, metrics=Metrics(), health=health))
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as pages:
            yield Monitoring(found, health, pages)


@pytest_asyncio.fixture(loop_scope="module")
async def monitoring(shared_monitoring: Monitoring) -> AsyncIterator[Monitoring]:
    """Yield the shared monitoring with a working Slack and no undelivered outcome."""
    notifier = shared_monitoring.notifier
    slack = notifier.slack
    slack.received, slack.refuses, slack.troubles, slack.dead = [], {}, {}, set()
    assert (await shared_monitoring.gauge(), await shared_monitoring.doctor()) == (0, "")
    yield shared_monitoring
    slack.refuses, slack.troubles, slack.dead = {}, {}, set()
    await notifier.run_timers()
    notifier.clock.pass_(NOTIFIED_SINCE)


@pytest.mark.parametrize("kind", OF_REQUESTS)
async def test_an_undelivered_outcome_is_reported_while_slack_fails_and_no_longer_once_it_is_delivered(
    monitoring: Monitoring, kind: str
) -> None:
    notifier = monitoring.notifier
    notifier.slack.troubles = {method: ["timeout"] * 1000 for method in TROUBLED}
    await KINDS[kind](notifier)

    notifier.clock.pass_(NOTIFIED_WITHIN)
    assert await monitoring.gauge() == 0, "delivery may take this long"
    notifier.clock.pass_(A_MOMENT)
    assert await monitoring.gauge() == 1
    report = await monitoring.doctor()
    assert report.startswith("No one was notified of ")

    notifier.slack.troubles = {}
    await notifier.run_timers()
    assert notifier.slack.received
    assert (await monitoring.gauge(), await monitoring.doctor()) == (0, "")


async def test_several_undelivered_outcomes_are_counted_and_named(monitoring: Monitoring) -> None:
    notifier = monitoring.notifier
    notifier.slack.troubles = {method: ["timeout"] * 1000 for method in TROUBLED}
    for _ in range(7):
        await KINDS["approved, failed"](notifier)
    notifier.clock.pass_(NOTIFIED_WITHIN + A_MOMENT)

    assert await monitoring.gauge() == 7
    report = await monitoring.doctor()
    assert " and 2 more. " in report
    assert report.count("(failed)") == 5, "five are named"


@pytest.mark.parametrize("kind", ["thawed", "incident over"])
async def test_the_timer_of_a_notice_fails_until_the_notice_is_delivered(monitoring: Monitoring, kind: str) -> None:
    notifier = monitoring.notifier
    notifier.slack.troubles = {method: ["timeout"] * 1000 for method in TROUBLED}
    await KINDS[kind](notifier)
    notifier.clock.pass_(timedelta(hours=1))
    due = [one for one in await notifier.store.timers.due(notifier.clock.now()) if one.kind in OF_OUTCOMES]
    assert len(due) == 1

    with pytest.raises(Unavailable):
        await fire(notifier.env, due[0])

    assert await notifier.store.timers.is_due(due[0].kind, due[0].subject, due[0].due_at), "the timer is still there"

    notifier.slack.troubles = {}
    await fire(notifier.env, due[0])
    assert notifier.slack.received


@pytest.mark.parametrize("kind", ["approved, failed", "direct, unknown", "reviewed", "thawed", "incident over"])
async def test_an_outcome_that_cannot_be_delivered_to_anyone_is_reported_at_once_and_for_seven_days(
    monitoring: Monitoring, kind: str
) -> None:
    notifier = monitoring.notifier
    notifier.slack.refuses = dict.fromkeys(TROUBLED, "is_archived")
    notifier.slack.dead = set(MEMBERS)
    await KINDS[kind](notifier)
    await notifier.run_timers()

    assert await monitoring.gauge() == 1
    assert "No one was notified of " in await monitoring.doctor()
    notifier.clock.pass_(NOTIFIED_SINCE)
    assert (await monitoring.gauge(), await monitoring.doctor()) == (0, "")


async def test_an_outcome_is_no_longer_reported_once_it_is_delivered_after_all(monitoring: Monitoring) -> None:
    store = monitoring.notifier.store
    await store.notices.set_notified("r-nobodyheard", "failed", how="nobody")
    assert "`r-nobodyheard` (failed)" in await monitoring.doctor()

    await store.notices.set_notified("r-nobodyheard", "failed", how="channel")

    assert (await monitoring.gauge(), await monitoring.doctor()) == (0, "")


async def test_a_gauge_is_nan_while_its_figure_cannot_be_read_and_the_others_are_still_shown(
    monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(**_: Any) -> None:
        raise OSError("gone")

    monkeypatch.setattr(type(monitoring.notifier.store.notices), "undelivered", silent)
    entries, _ = await monitoring.notifier.store.audit.head()
    assert entries > 0
    assert math.isnan(await monitoring.gauge("turso_ops_outcomes_undelivered"))
    assert await monitoring.gauge("turso_ops_audit_entries") == entries, "the failure hides no other metric"
    assert await monitoring.gauge("turso_ops_requests_open") >= 0
    monkeypatch.undo()
    assert await monitoring.gauge("turso_ops_outcomes_undelivered") >= 0

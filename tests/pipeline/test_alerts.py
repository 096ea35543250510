"""Alerts, from Turso's counters to the card: raised once, ended once, and never from unknown numbers."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from bot.core.alerts import Alert, AlertEnd, AlertKind, AlertSubscription, Measure, Mute
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import LedgerToken, TokenState
from bot.pipeline.timers.due import fire
from tests.crash.simulated_process import simulated_process
from tests.crash.simulation import Crash
from tests.pipeline.in_memory import ANA, BEN, DANA, REMY, Pipeline, RecordingSlack
from tests.present import present

HOUR = timedelta(hours=1)
CHANNEL = "C0DBOPS"
QUOTA = 1_000_000


class Counters:
    """Turso's usage counters, which grow only when a test says so."""

    def __init__(self, here: Pipeline) -> None:
        self.here, self.asked, self.fails = here, list[str](), False
        self.read = dict.fromkeys(here.turso.databases, 0)
        self.plan: dict[str, int] | None = {"rowsRead": QUOTA}
        real: Callable[[httpx.Request], httpx.Response] = here.turso.handle

        def handle(request: httpx.Request) -> httpx.Response:
            path = request.url.path
            self.asked.append(path)
            if path.endswith("/acme/usage"):
                return httpx.Response(429) if self.fails else httpx.Response(200, json=self.usage())
            if path.endswith("/plans"):
                plans = [] if self.plan is None else [{"name": "scaler", "quotas": self.plan}]
                return httpx.Response(200, json={"plans": plans})
            return real(request)

        here.turso.handle = handle

    def usage(self) -> dict[str, Any]:
        databases = self.here.turso.databases
        shares = [
            {"uuid": databases[name]["DbId"], "usage": {"rows_read": read, "rows_written": 0, "bytes_synced": 0}}
            for name, read in self.read.items()
        ]
        total = {"rows_read": sum(self.read.values()), "rows_written": 0, "bytes_synced": 0, "storage_bytes": 4096}
        return {"organization": {"uuid": "o", "usage": total, "databases": shares}}

    @property
    def usage_calls(self) -> int:
        return sum(path.endswith("/usage") for path in self.asked)


@pytest.fixture
def counters(here: Pipeline) -> Counters:
    return Counters(here)


async def subscribe(here: Pipeline, **wanted: Any) -> None:
    """Turn alerts on, as Ana would."""
    chosen: dict[str, Any] = {
        "quota": (50, 80),
        "spike": 5.0,
        "forecast": True,
        "author": ANA,
        "notify": (BEN,),
    } | wanted
    await here.env.store.alerts.subscribe(AlertSubscription(CHANNEL, "acme", created_at=here.of.now(), **chosen))


async def sample(here: Pipeline) -> None:
    """Make the next sample due, and then every timer that it sets."""
    await here.fire(TimerKind.SAMPLE, "acme")
    await tell(here)


async def tell(here: Pipeline) -> None:
    for timer in await here.env.store.timers.due(here.of.now(), limit=50):
        if timer.kind is TimerKind.NOTIFY:
            await here.env.store.timers.replace(timer, await fire(here.env, timer))


async def alerts(here: Pipeline, kind: AlertKind = AlertKind.QUOTA) -> list[Alert]:
    found = await here.env.store.alerts.since(datetime.min.replace(tzinfo=here.of.now().tzinfo), organization="acme")
    return [one for one in found if one.kind is kind]


async def test_a_quota_is_reported_once_and_the_card_shows_the_end(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    counters.read["orders"] = 700_000
    await sample(here)
    await sample(here)

    (alert,) = await alerts(here)
    assert (alert.threshold, alert.measured, alert.compared, alert.period) == ("50", 700_000, QUOTA, "2026-11")
    assert [one.database for one in alert.contributors] == ["orders"]
    assert "acme has used 70%" in here.slack.public[0]
    assert len(here.slack.public) == 1
    assert alert.card_ts

    counters.read["users"] = 120_000
    await sample(here)

    first, second = await alerts(here)
    assert (first.end, second.threshold, second.is_open) == (AlertEnd.HIGHER, "80", True)
    assert len(here.slack.public) == 2


async def test_a_new_month_ends_alerts_and_starts_again(here: Pipeline, counters: Counters) -> None:
    await subscribe(here, quota=(50,))
    counters.read["orders"] = 600_000
    await sample(here)
    here.pass_time(days=7)  # 1 December, and Turso's counters have restarted
    counters.read["orders"] = 1_000
    await sample(here)

    (alert,) = await alerts(here)
    assert alert.end is AlertEnd.RESET

    counters.read["orders"] = 600_000
    await sample(here)
    assert [one.period for one in await alerts(here)] == ["2026-11", "2026-12"]


async def test_nothing_is_reported_about_numbers_that_turso_does_not_give(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    counters.read["orders"], counters.plan = 900_000, None
    await sample(here)

    assert await alerts(here) == []
    assert here.slack.public == []


async def test_a_spike_is_reported_once_and_ends_after_three_quiet_hours(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    await sample(here)
    for _ in range(24 * 15):
        counters.read["orders"] += 2_000
        await here.fire(TimerKind.SAMPLE, "acme")
    assert await alerts(here, AlertKind.SPIKE) == []

    for rows in (50_000, 60_000, 2_000, 2_000):
        counters.read["orders"] += rows
        await sample(here)
    (alert,) = await alerts(here, AlertKind.SPIKE)
    assert (alert.subject, alert.measure, alert.measured, alert.compared) == (
        "orders",
        Measure.ROWS_READ,
        50_000,
        2_000,
    )
    assert alert.is_open
    counters.read["orders"] += 2_000
    await sample(here)

    assert present(await here.env.store.alerts.get(alert.id)).end is AlertEnd.BELOW
    assert [text for text in here.slack.public if "the usual" in text and "orders" in text]


async def test_a_muted_alert_is_posted_after_the_mute_if_it_still_holds(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    await here.env.store.alerts.mute(Mute(CHANNEL, here.of.now() + 5 * HOUR, ANA))
    counters.read["orders"] = 700_000
    await sample(here)
    assert await alerts(here) == []

    here.pass_time(hours=5)
    await sample(here)

    assert [one.threshold for one in await alerts(here)] == ["50"]


async def test_alerts_that_are_turned_off_end(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    counters.read["orders"] = 700_000
    await sample(here)
    await here.env.store.alerts.unsubscribe(CHANNEL)
    await sample(here)

    assert [one.end for one in await alerts(here)] == [AlertEnd.OFF]


@pytest.mark.parametrize("pause", ["shared with another company", "turned off"])
async def test_a_state_that_still_holds_once_the_channel_is_watched_again_is_reported_again(
    here: Pipeline, counters: Counters, pause: str
) -> None:
    await subscribe(here, quota=(50,))
    counters.read["orders"] = 700_000
    await sample(here)

    if pause == "turned off":
        await here.env.store.alerts.unsubscribe(CHANNEL)
    here.of.is_shared = pause != "turned off"
    await sample(here)
    await sample(here)
    here.of.is_shared = False
    await subscribe(here, quota=(50,))
    await sample(here)
    await sample(here)

    first, second = await alerts(here)
    assert first.end is (AlertEnd.OFF if pause == "turned off" else AlertEnd.UNWATCHED)
    assert (second.period, second.threshold, second.is_open) == (first.period, "50", True)
    assert [text for text in here.slack.public if "acme has used 70%" in text] == here.slack.public
    assert len(here.slack.public) == 2


async def test_an_alert_that_no_one_could_see_is_reported_once_the_channel_may_see_it(
    here: Pipeline, counters: Counters
) -> None:
    await subscribe(here, quota=(50,))
    counters.read["orders"] = 700_000
    await here.fire(TimerKind.SAMPLE, "acme")
    here.of.is_shared = True  # between the decision and the card
    await tell(here)
    assert here.slack.public == []

    here.of.is_shared = False
    await sample(here)

    assert [one.end for one in await alerts(here)] == [AlertEnd.UNWATCHED, None]
    assert len(here.slack.public) == 1


async def test_alerts_cost_one_usage_call_an_hour_however_many_there_are(here: Pipeline, counters: Counters) -> None:
    for number in range(300):
        name = f"many-{number}"
        here.turso.add(name)
        counters.read[name] = 0
    await subscribe(here)
    await here.env.store.alerts.subscribe(
        AlertSubscription(
            "C0ORDERS", "acme", quota=(10,), spike=2.0, forecast=True, author=ANA, created_at=here.of.now()
        )
    )
    await sample(here)
    counters.asked.clear()
    for hour in range(24):
        counters.read |= {name: read + 20_000 * (hour % 3) for name, read in counters.read.items()}
        await here.fire(TimerKind.SAMPLE, "acme")

    assert counters.usage_calls == 24
    assert [path for path in counters.asked if not path.endswith(("/usage", "/plans", "/subscription"))] == []


async def test_a_stored_hour_is_not_read_again(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    await sample(here)
    timer = present(await here.timer(TimerKind.SAMPLE, "acme"))
    here.of.offset += timer.due_at - here.of.now()
    counters.asked.clear()

    for _ in range(3):  # as after crashes before the timer was replaced
        await fire(here.env, timer)

    assert counters.usage_calls == 1


async def test_pauses_grow_to_an_hour_while_turso_refuses(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    counters.fails = True
    pauses = []
    for _ in range(8):
        timer = present(await here.timer(TimerKind.SAMPLE, "acme"))
        following = present(await here.fire(TimerKind.SAMPLE, "acme"))
        pauses.append(following.due_at - max(timer.due_at, here.of.now()))

    assert pauses[0] == timedelta(minutes=5)
    assert timedelta(minutes=30) < max(pauses) <= HOUR
    assert len(pauses) - pauses.index(max(pauses)) >= 1


async def test_without_alerts_samples_are_taken_every_four_hours(here: Pipeline, counters: Counters) -> None:
    await here.env.store.timers.schedule(Timer(TimerKind.SAMPLE, "acme", here.of.now()))
    dues = [present(await here.fire(TimerKind.SAMPLE, "acme")).due_at for _ in range(4)]

    assert [later - due for due, later in pairwise(dues)] == [4 * HOUR] * 3
    assert await here.env.store.samples.readings(organization="acme", since=here.of.now() - 48 * HOUR) == []


async def test_two_processes_that_decide_at_once_post_one_card(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    counters.read["orders"] = 700_000
    timer = present(await here.timer(TimerKind.SAMPLE, "acme"))
    async with simulated_process(here.of) as other:
        slack = RecordingSlack(here.of)
        envs = [here.env, replace(other.env, messenger=slack)]
        await asyncio.gather(*(fire(env, timer) for env in envs * 3))
        await tell(here)

    assert len(await alerts(here)) == 1
    assert len(here.slack.public + slack.public) == 1


def ledger(number: int, holder: str, now: datetime, *, lives: timedelta, left: timedelta) -> LedgerToken:
    return LedgerToken(
        f"t-{number}", "", "acme", "orders", "db-orders", None, False, holder, CHANNEL, now + left - lives, now + left,
        state=TokenState.LIVE,
    )  # fmt: skip


async def test_tokens_of_several_people_that_expire_soon_are_reported(here: Pipeline, counters: Counters) -> None:
    now, week = here.of.now(), timedelta(days=7)
    await subscribe(here)
    tokens = here.env.store.tokens
    for number, holder in enumerate((ANA, BEN)):
        await tokens.add(ledger(number, holder, now, lives=week, left=20 * HOUR))
    await tokens.add(ledger(5, REMY, now, lives=HOUR, left=HOUR))
    await sample(here)
    assert await alerts(here, AlertKind.TOKENS) == [], "two people, and a token that was meant for an hour"

    await tokens.add(ledger(6, DANA, now, lives=week, left=22 * HOUR))
    await sample(here)
    (alert,) = await alerts(here, AlertKind.TOKENS)
    assert (alert.subject, alert.measured, alert.details) == ("orders", 3, tuple(sorted((ANA, BEN, DANA))))

    here.pass_time(days=1)
    await sample(here)
    assert [one.end for one in await alerts(here, AlertKind.TOKENS)] == [AlertEnd.OVER]


async def test_a_token_that_was_replaced_is_not_reported(here: Pipeline, counters: Counters) -> None:
    now, week = here.of.now(), timedelta(days=7)
    await subscribe(here)
    for number, holder in enumerate((ANA, BEN, DANA)):
        await here.env.store.tokens.add(ledger(number, holder, now, lives=week, left=20 * HOUR))
    await here.env.store.tokens.add(ledger(9, DANA, now, lives=week, left=week))
    await sample(here)

    assert await alerts(here, AlertKind.TOKENS) == []


async def test_a_freeze_older_than_a_week_is_reported_until_it_ends(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    request = await here.ask("db freeze orders --for 30d")
    await here.execute(request)
    (hold,) = await here.env.store.holds.find(organization="acme")
    assert isinstance(hold, Hold)
    assert hold.kind is HoldKind.FREEZE
    await sample(here)
    here.pass_time(days=8)
    await sample(here)
    await sample(here)

    (alert,) = await alerts(here, AlertKind.FREEZE)
    assert (alert.subject, alert.measured, alert.is_open) == ("orders", 8, True)
    await here.fire(TimerKind.THAW, hold.id)
    await sample(here)
    assert [one.end for one in await alerts(here, AlertKind.FREEZE)] == [AlertEnd.OVER]


async def test_work_that_keeps_failing_is_reported(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    failing = Timer(TimerKind.THAW, "h-1", here.of.now() + 90 * HOUR, failures=4, cause="TursoUnavailable")
    await here.env.store.timers.schedule(failing)
    await sample(here)

    (alert,) = await alerts(here, AlertKind.FAILURES)
    assert alert.details == ("Scheduled work has failed 4 times in a row.",)
    await here.env.store.timers.replace(failing, None)
    await sample(here)
    assert [one.end for one in await alerts(here, AlertKind.FAILURES)] == [AlertEnd.OVER]


async def test_work_that_is_late_after_a_stop_is_no_failure(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    await here.env.store.timers.schedule(Timer(TimerKind.THAW, "h-1", here.of.now() + HOUR))
    await sample(here)
    here.pass_time(hours=5)
    await sample(here)
    assert await alerts(here, AlertKind.FAILURES) == []

    await sample(here)
    assert [one.details for one in await alerts(here, AlertKind.FAILURES)] == [
        ("Scheduled work is more than 15 minutes late.",)
    ]


async def test_a_channel_where_usage_may_not_be_shown_gets_no_alerts(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    await here.env.store.alerts.subscribe(
        AlertSubscription("C0GENERAL", "acme", quota=(50,), author=ANA, created_at=here.of.now())
    )
    counters.read["orders"] = 700_000
    await sample(here)

    assert [one.channel_id for one in await alerts(here)] == [CHANNEL]


async def test_a_crash_at_any_step_leaves_one_alert_and_one_card(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    counters.read["orders"] = 700_000
    timer = present(await here.timer(TimerKind.SAMPLE, "acme"))
    here.of.offset += max(timedelta(0), timer.due_at - here.of.now())
    crashed = 0
    for length in range(100):
        async with simulated_process(here.of) as started:
            here.of.crash_point.steps_left = length
            try:
                await fire(started.env, timer)
            except Crash:
                crashed += 1
            finally:
                here.of.crash_point.steps_left = None
        if crashed <= length:
            break
    await tell(here)

    assert crashed > 10
    assert len(await alerts(here)) == 1
    assert len(here.slack.public) == 1

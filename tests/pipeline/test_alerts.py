"""Alerts, from Turso's counters to the card: raised once, ended once, and never from unknown numbers."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.alerts import AlertEnd, AlertKind, AlertSubscription, Measure, Mute
from bot.core.records.timers import TimerKind
from bot.pipeline.timers.due import fire
from tests.crash.simulated_process import simulated_process
from tests.crash.simulation import Crash
from tests.pipeline.in_memory import ANA, Pipeline, RecordingSlack
from tests.pipeline.usage_counters import (
    CHANNEL,
    HOUR,
    PLANS,
    QUOTA,
    SCALER,
    Counters,
    alerts,
    plans,
    sample,
    subscribe,
    tell,
)
from tests.present import present


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
    counters.read["orders"], counters.plans = 900_000, {"plans": []}
    await sample(here)

    assert await alerts(here) == []
    assert here.slack.public == []


ODD_ANSWERS = [
    pytest.param({"subscription": {"subscription": {"name": "", "timeline": "monthly"}}}, id="no plan"),
    pytest.param({"subscription": {"subscription": None}}, id="no subscription"),
    pytest.param({"subscription": {"subscription": {"plan": "scaler-v2"}}}, id="a plan that isn't listed"),
    pytest.param({"subscription": ["scaler"]}, id="a subscription that can't be read"),
    pytest.param({"plans": {"plans": None}}, id="no plans"),
    pytest.param({"plans": {"plans": [{"name": "scaler"}]}}, id="a plan without quotas"),
    pytest.param({"plans": plans()}, id="empty quotas"),
    pytest.param({"plans": plans(databases=3)}, id="quotas of other things"),
    pytest.param({"plans": plans(rowsRead=None)}, id="an unlimited quota"),
]


@pytest.mark.parametrize("odd", ODD_ANSWERS)
async def test_one_odd_answer_about_the_plan_ends_no_alert(
    here: Pipeline, counters: Counters, odd: dict[str, Any]
) -> None:
    await subscribe(here)
    counters.read["orders"] = 700_000
    await sample(here)
    (alert,) = await alerts(here)
    for name, answer in odd.items():
        setattr(counters, name, answer)
    await sample(here)
    assert await alerts(here) == [alert]

    counters.subscription, counters.plans = SCALER, PLANS
    await sample(here)

    assert await alerts(here) == [alert]
    assert len(here.slack.public) == 1


async def test_after_an_upgrade_of_the_plan_the_same_threshold_is_reported_again(
    here: Pipeline, counters: Counters
) -> None:
    await subscribe(here)
    counters.read["orders"] = 850_000
    await sample(here)
    counters.plans = plans(rowsRead=2 * QUOTA)
    await sample(here)
    await sample(here)
    counters.read["orders"] = 1_700_000
    await sample(here)
    await sample(here)

    found = [(one.threshold, one.compared, one.end) for one in await alerts(here)]
    assert found == [("80", QUOTA, AlertEnd.BELOW), ("80", 2 * QUOTA, None)]


async def test_an_alert_ends_after_three_answers_that_the_plan_has_no_quota(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    counters.read["orders"] = 700_000
    await sample(here)
    counters.plans = plans(rowsRead=None)
    ends = []
    for _ in range(3):
        await sample(here)
        ends += [one.end for one in await alerts(here)]

    assert ends == [None, None, AlertEnd.UNKNOWN]


async def test_the_plan_is_read_once_per_hour(here: Pipeline, counters: Counters) -> None:
    await subscribe(here, quota=(), forecast=False)
    await sample(here)
    assert not [path for path in counters.asked if path.endswith("/plans")], "no alert needs it"

    await subscribe(here)
    timer = present(await here.timer(TimerKind.SAMPLE, "acme"))
    for _ in range(3):  # as if processes crashed before they replaced the timer
        await fire(here.env, timer)

    assert sum(path.endswith("/plans") for path in counters.asked) == 1


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
async def test_a_threshold_is_reported_again_once_the_channel_gets_alerts_again(
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

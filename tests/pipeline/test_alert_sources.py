"""What alerts are decided from: hourly samples of usage, tokens, freezes, and the bot's own failures."""

from datetime import timedelta
from itertools import pairwise

import pytest

from bot.core.alerts import AlertEnd, AlertKind, AlertSubscription
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import LedgerToken, TokenState
from bot.pipeline.timers.due import fire
from tests.pipeline.in_memory import ANA, BEN, DANA, REMY, Pipeline
from tests.pipeline.usage_counters import CHANNEL, HOUR, Counters, alerts, sample, subscribe
from tests.present import present


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

    for _ in range(3):  # as if processes crashed before they replaced the timer
        await fire(here.env, timer)

    assert counters.usage_calls == 1


async def test_pauses_between_samples_grow_to_an_hour_while_turso_refuses(here: Pipeline, counters: Counters) -> None:
    await subscribe(here)
    counters.fails = True
    pauses = []
    for _ in range(8):
        timer = present(await here.timer(TimerKind.SAMPLE, "acme"))
        following = present(await here.fire(TimerKind.SAMPLE, "acme"))
        pauses.append(following.due_at - max(timer.due_at, here.of.now()))

    assert pauses[0] == timedelta(minutes=5)
    assert timedelta(minutes=30) < max(pauses) <= HOUR
    assert pauses == sorted(pauses)


async def test_without_alerts_samples_are_taken_every_four_hours(here: Pipeline, counters: Counters) -> None:
    await here.env.store.timers.schedule(Timer(TimerKind.SAMPLE, "acme", here.of.now()))
    dues = [present(await here.fire(TimerKind.SAMPLE, "acme")).due_at for _ in range(4)]

    assert [later - due for due, later in pairwise(dues)] == [4 * HOUR] * 3
    assert await here.env.store.samples.readings(organization="acme", since=here.of.now() - 48 * HOUR) == []


def ledger(here: Pipeline, number: int, holder: str, *, lifetime: timedelta, left: timedelta) -> LedgerToken:
    """Return a token for `orders` with this lifetime, of which `left` remains."""
    now, database_id = here.of.now(), here.turso.databases["orders"]["DbId"]
    return LedgerToken(
        f"t-{number}", "", "acme", "orders", database_id, None, False, holder, CHANNEL,
        now + left - lifetime, now + left, state=TokenState.LIVE,
    )  # fmt: skip


async def test_tokens_of_several_people_that_expire_soon_are_reported(here: Pipeline, counters: Counters) -> None:
    week = timedelta(days=7)
    await subscribe(here)
    tokens = here.env.store.tokens
    for number, holder in enumerate((ANA, BEN)):
        await tokens.add(ledger(here, number, holder, lifetime=week, left=20 * HOUR))
    await tokens.add(ledger(here, 5, REMY, lifetime=HOUR, left=HOUR))
    await sample(here)
    assert await alerts(here, AlertKind.TOKENS) == [], "two people, and a token that was meant for an hour"

    await tokens.add(ledger(here, 6, DANA, lifetime=week, left=22 * HOUR))
    await sample(here)
    (alert,) = await alerts(here, AlertKind.TOKENS)
    assert (alert.subject, alert.measured, alert.details) == ("orders", 3, tuple(sorted((ANA, BEN, DANA))))

    here.pass_time(days=1)
    await sample(here)
    assert [one.end for one in await alerts(here, AlertKind.TOKENS)] == [AlertEnd.OVER]


async def test_a_token_that_was_replaced_is_not_reported(here: Pipeline, counters: Counters) -> None:
    week = timedelta(days=7)
    await subscribe(here)
    for number, holder in enumerate((ANA, BEN, DANA)):
        await here.env.store.tokens.add(ledger(here, number, holder, lifetime=week, left=20 * HOUR))
    await here.env.store.tokens.add(ledger(here, 9, DANA, lifetime=week, left=week))
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


async def test_work_that_is_late_after_a_stop_is_not_reported_as_failing(here: Pipeline, counters: Counters) -> None:
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


@pytest.mark.parametrize("kind", [AlertKind.FREEZE, AlertKind.TOKENS])
async def test_the_tokens_and_freezes_of_a_destroyed_database_are_not_reported(
    here: Pipeline, counters: Counters, kind: AlertKind
) -> None:
    await subscribe(here)
    await here.execute(await here.ask("db freeze orders --for 30d"))
    here.pass_time(days=8)
    for number, holder in enumerate((ANA, BEN, DANA)):
        await here.env.store.tokens.add(ledger(here, number, holder, lifetime=timedelta(days=7), left=20 * HOUR))
    await sample(here)
    (alert,) = await alerts(here, kind)
    assert alert.is_open

    del here.turso.databases["orders"]
    here.turso.add("orders")  # another database with this name
    await sample(here)

    assert [one.end for one in await alerts(here, kind)] == [AlertEnd.OVER]


async def test_without_a_token_or_freeze_to_report_the_databases_are_not_listed(
    here: Pipeline, counters: Counters
) -> None:
    await subscribe(here)
    await here.env.store.tokens.add(ledger(here, 1, ANA, lifetime=timedelta(days=7), left=20 * HOUR))
    await sample(here)
    counters.asked.clear()
    await sample(here)

    assert not [path for path in counters.asked if path.endswith("/databases")]

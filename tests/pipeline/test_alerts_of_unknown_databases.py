"""If Turso or Slack doesn't say which databases a channel may see, its alerts are posted later and aren't lost."""

from dataclasses import dataclass, replace

import pytest

from bot.commands import CATALOGUE
from bot.core.alerts import AlertEnd, AlertKind
from bot.core.alerts.hours import due_at
from bot.core.alerts.spikes import hours_needed
from bot.core.policy import Policy, load
from bot.core.records.timers import TimerKind
from bot.core.records.usage import UsageGrowth, UsageReading
from bot.pipeline.outcomes import alert_notices
from tests.crash.ports import POLICY
from tests.crash.simulated_process import simulated_process
from tests.crash.simulation import Crash
from tests.pipeline.in_memory import ANA, BEN, DANA, Pipeline
from tests.pipeline.test_alert_sources import ledger
from tests.pipeline.usage_counters import HOUR, Counters, alerts, sample, subscribe, tell
from tests.present import present

SOME = POLICY.replace('["*"]', '["orders"]')


@dataclass
class FixedRules:
    """A policy that never changes."""

    policy: Policy
    problem: None = None


@pytest.fixture
def some(here: Pipeline) -> Pipeline:
    """Return the pipeline with a channel that sees only `orders`."""
    here.env = replace(here.env, rules=FixedRules(load(SOME, CATALOGUE, default_organization="acme")))
    return here


async def know_usual_usage(here: Pipeline, counters: Counters) -> None:
    """Store the past usage with which a spike is compared, and take two samples."""
    await subscribe(here, quota=(), forecast=False)
    at = due_at(here.of.now())
    ids = [one["DbId"] for one in here.turso.databases.values()]
    for hour in hours_needed(at):
        reading = UsageReading("acme", hour, hour, 4_000, 0, 0, 4_096)
        used = [UsageGrowth("acme", hour, one, 2_000, 0, 0) for one in ids]
        await here.env.store.samples.add_reading(reading, used, [])
    for _ in range(2):
        await an_hour(here, counters)
    await tell(here)
    here.slack.public.clear()


async def spikes(here: Pipeline) -> list[tuple[str, bool, AlertEnd | None]]:
    return [(one.subject, one.is_open, one.end) for one in await alerts(here, AlertKind.SPIKE)]


async def an_hour(here: Pipeline, counters: Counters, **rows: int) -> None:
    """Let an hour pass with a usage, and take its sample."""
    counters.read |= {name: read + rows.get(name, 2_000) for name, read in counters.read.items()}
    await here.fire(TimerKind.SAMPLE, "acme")


async def test_a_spike_of_one_hour_is_posted_although_turso_did_not_list_its_databases_then(
    some: Pipeline, counters: Counters
) -> None:
    await know_usual_usage(some, counters)
    counters.lists = False

    await an_hour(some, counters, orders=50_000)
    await tell(some)
    assert some.slack.public == []
    counters.lists = True
    await an_hour(some, counters)
    await tell(some)

    assert await spikes(some) == [("orders", True, None)]
    assert len([text for text in some.slack.public if "orders: 50,000" in text]) == 1


async def test_a_spike_is_neither_given_up_nor_named_while_turso_does_not_list_the_databases(
    some: Pipeline, counters: Counters
) -> None:
    """Turso stops listing the databases between the decision and the card."""
    await know_usual_usage(some, counters)
    await an_hour(some, counters, orders=50_000)
    counters.lists = False

    await tell(some)
    assert await spikes(some) == [("orders", True, None)]
    assert some.slack.public == []

    counters.lists = True
    some.pass_time(minutes=16)
    await tell(some)
    assert len(some.slack.public) == 1


async def test_a_spike_of_a_hidden_database_is_raised_while_that_is_unknown_but_never_posted(
    some: Pipeline, counters: Counters
) -> None:
    await know_usual_usage(some, counters)
    counters.lists = False
    await an_hour(some, counters, users=50_000)
    await tell(some)

    counters.lists = True
    some.pass_time(minutes=16)
    await tell(some)

    assert await spikes(some) == [("users", False, AlertEnd.UNWATCHED)]
    assert some.slack.public == []


async def test_the_card_of_an_ended_spike_waits_until_its_channel_is_known(some: Pipeline, counters: Counters) -> None:
    await know_usual_usage(some, counters)
    await an_hour(some, counters, orders=50_000)
    await tell(some)
    (alert,) = await alerts(some, AlertKind.SPIKE)
    assert await some.env.store.alerts.end(alert.id, some.of.now(), AlertEnd.BELOW)
    counters.lists, updates = False, some.slack.updated

    await tell(some)
    assert updates == []

    counters.lists = True
    some.pass_time(minutes=16)
    await tell(some)
    assert len(updates) == 1
    assert "back below the threshold" in updates[0]


async def test_a_spike_waits_while_the_list_entry_of_its_database_cannot_be_read(
    some: Pipeline, counters: Counters
) -> None:
    await know_usual_usage(some, counters)
    counters.unreadable = "orders"
    await an_hour(some, counters, orders=50_000)
    await tell(some)
    assert await spikes(some) == [("orders", True, None)]
    assert some.slack.public == []

    counters.unreadable = ""
    some.pass_time(minutes=16)
    await tell(some)

    assert len(some.slack.public) == 1


async def test_a_spike_of_one_hour_is_posted_although_slack_did_not_know_the_group_then(
    here: Pipeline, counters: Counters
) -> None:
    to_group = POLICY.replace("- {allow: read}", "- {allow: read, to: dba}")
    here.env = replace(here.env, rules=FixedRules(load(to_group, CATALOGUE, default_organization="acme")))
    await know_usual_usage(here, counters)
    here.of.knows_groups = False

    await an_hour(here, counters, orders=50_000)
    await tell(here)
    assert here.slack.public == []
    here.of.knows_groups = True
    await an_hour(here, counters)
    await tell(here)

    assert await spikes(here) == [("orders", True, None)]


async def test_the_freeze_and_the_tokens_of_a_destroyed_database_are_not_reported_while_turso_is_silent(
    here: Pipeline, counters: Counters
) -> None:
    await subscribe(here)
    await here.execute(await here.ask("db freeze orders --for 30d"))
    here.pass_time(days=8)
    for number, holder in enumerate((ANA, BEN, DANA)):
        await here.env.store.tokens.add(ledger(here, number, holder, lifetime=7 * 24 * HOUR, left=20 * HOUR))
    del here.turso.databases["orders"]
    counters.lists = False
    counters.read.pop("orders")

    following = present(await here.fire(TimerKind.SAMPLE, "acme"))

    assert await alerts(here, AlertKind.FREEZE) == await alerts(here, AlertKind.TOKENS) == []
    assert following.failures == 1
    assert following.due_at - here.of.now() < HOUR


async def test_a_plan_that_turso_does_not_return_is_read_again_within_the_hour(
    here: Pipeline, counters: Counters
) -> None:
    await subscribe(here)
    counters.read["orders"], counters.has_plan = 700_000, False
    following = present(await here.fire(TimerKind.SAMPLE, "acme"))
    assert following.due_at - here.of.now() < HOUR

    counters.has_plan = True
    await sample(here)

    assert [one.threshold for one in await alerts(here)] == ["50"]
    assert counters.usage_calls == 1


async def test_a_card_about_a_quota_waits_for_the_names_of_its_databases_but_not_for_long(
    some: Pipeline, counters: Counters
) -> None:
    await subscribe(some)
    counters.read["orders"] = 700_000
    await some.fire(TimerKind.SAMPLE, "acme")
    counters.lists = False
    await tell(some)
    assert some.slack.public == []

    some.pass_time(minutes=16)
    await tell(some)

    assert len(some.slack.public) == 1


async def test_a_crash_while_an_alert_is_given_up_does_not_leave_it_open_without_a_card(
    here: Pipeline, counters: Counters
) -> None:
    await subscribe(here, quota=(50,))
    counters.read["orders"] = 700_000
    await here.fire(TimerKind.SAMPLE, "acme")
    (alert,) = await alerts(here)
    here.of.is_shared = True
    for length in range(60):
        async with simulated_process(here.of) as started:
            here.of.crash_point.steps_left = length
            try:
                await alert_notices.notify_alert(started.env, alert.id)
            except Crash:
                pass
            else:
                break
            finally:
                here.of.crash_point.steps_left = None
        async with simulated_process(here.of) as restarted:
            open_ones = await restarted.env.store.alerts.open(organization="acme")
            owed = await restarted.env.store.notices.pending(alert.id)
            assert not open_ones or owed, f"after {length} steps, nothing would post the alert"
    else:
        pytest.fail("every process crashed")


async def test_a_name_that_was_not_listed_is_looked_up_again_the_next_day(here: Pipeline, counters: Counters) -> None:
    """Until then, the database gets no alerts. It isn't looked up each hour, because a deleted one is never found."""
    await subscribe(here)
    counters.unreadable = "orders"
    await sample(here)
    counters.unreadable = ""
    counters.asked.clear()
    await sample(here)
    assert not [path for path in counters.asked if path.endswith("/databases")]

    here.pass_time(days=1)
    await sample(here)

    today = here.of.now().date().isoformat()
    found = await here.env.store.samples.find(organization="acme", since=today, until=today)
    assert {one.database for one in found} == {"orders", "users"}

"""Alerts in a channel: posted once, with the facts and buttons that people there may have, muted, and ended."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.core.alerts import RAISED, AlertEnd, AlertKind, Measure
from bot.core.requests.request import State
from bot.sandbox.workspace.seed import OTHER_TEAM
from tests.policies import WITH_NAMED_DBA
from tests.scenarios.alerting import cards, ended, keep_usage_unknown, made, raised, shown, turn_on
from tests.world import ANA, BEN, DANA, DB_OPS, ORDERS, World, buttons, marked_up, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {allow: [alert, incident], to: dba}
      - {allow: freeze, to: dba, confirm: none}
      - {approve: overages, by: dba}
  C0ORDERS:
    databases: ["orders*"]
    rules:
      - {allow: [read, alert, overages]}
profiles:
  incident:
    rules: [{allow: [read, incident]}]
"""
)
SAYS = "has used 82% of its quota for rows written"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def alerts_on(world: World) -> AsyncIterator[None]:
    """Turn on alerts in both channels. After each test, restore the policy, and end faults, alerts and mutes.

    Meanwhile, usage can't be read, so that only the test raises alerts about it.
    """
    keep_usage_unknown(world)
    await turn_on(world, ANA, "/turso alert on --quota 50,80,95 --spike 5x")
    await turn_on(world, DANA, "/turso alert on", ORDERS)
    yield
    set_policy(world, OWN_POLICY)
    world.workspace.faults.clear()
    world.turso.faults.clear()
    assert world.bot is not None
    for one in await world.bot.store.alerts.open():
        await ended(world, one, AlertEnd.OFF)
    for channel in (DB_OPS, ORDERS):
        await world.bot.store.alerts.unmute(channel)


async def test_a_quota_alert_has_one_card_that_can_mute_alerts_and_says_when_the_alert_has_ended(
    world: World,
) -> None:
    alert = await raised(world, AlertKind.QUOTA, "orders", "users", "inventory", notify=(BEN, "S0DBA"))
    card = await shown(world, SAYS)
    assert set(buttons(card)) == {
        "Triage orders", "Freeze orders 30 min", "Turn on overages", "Start incident", "Mute 1 h", "Mute 1 day",
    }  # fmt: skip
    assert f"<@{BEN}> <!subteam^S0DBA>" in marked_up(card)
    assert [f"`{name}`" in words(card) for name in ("orders", "users", "inventory")] == [True] * 3
    assert "Overages are off" in words(card)

    await world.person(BEN).presses("Mute 1 h", card)
    await until(lambda: cards(world, "No new alerts in this channel until"), what="the mute")
    await world.wait_until_idle()
    assert world.bot is not None
    [mute] = await world.bot.store.alerts.mutes(world.bot.env.clock.now())
    assert (mute.channel_id, mute.by) == (DB_OPS, BEN)

    await ended(world, alert)
    after = world.current(card)
    assert "Ended" in words(after)
    assert not buttons(after)
    assert len(cards(world, SAYS)) == 1


async def test_a_spike_shows_its_database_its_top_query_and_a_chart(world: World) -> None:
    await world.run_sql("orders", "CREATE TABLE spiky (n)", "INSERT INTO spiky VALUES (1), (2), (3)")
    await raised(world, AlertKind.SPIKE, "orders")

    card = await shown(world, "12 times the usual")

    assert "`orders`: 120,000 rows written" in words(card)
    assert "Top query: `INSERT" in words(card)
    assert any(block["type"] == "data_visualization" for block in card.blocks)
    assert "Turn on overages" not in buttons(card)


async def test_a_query_that_turso_does_not_report_is_called_unknown(world: World) -> None:
    world.turso.faults.add("status", path="*/usage/queries", status=500, count=None)

    await raised(world, AlertKind.SPIKE, "users")

    assert "top query isn't known" in words(await shown(world, "`users`: 120,000"))


async def test_a_channel_with_some_databases_sees_only_those_and_no_numbers_of_the_organization(world: World) -> None:
    await raised(world, AlertKind.QUOTA, "users", "orders", channel=ORDERS)

    card = await shown(world, "has used at least 80% of its quota for rows written", ORDERS)

    assert "`orders`" in words(card)
    assert not [secret for secret in ("`users`", "820", "82%", "1,000", "Overages are") if secret in words(card)]
    assert not [block for block in card.blocks if block["type"] == "data_visualization"]
    assert set(buttons(card)) == {"Mute 1 h", "Mute 1 day"}


async def test_an_alert_about_a_database_that_a_channel_may_not_see_is_not_posted_there(world: World) -> None:
    assert world.bot is not None
    alert = await raised(world, AlertKind.SPIKE, "users", channel=ORDERS)

    assert await world.bot.store.notices.was_notified(alert.id, RAISED)
    assert not cards(world, "`users`: 120,000", ORDERS)


async def test_the_current_policy_decides_whether_a_card_is_posted(world: World) -> None:
    set_policy(world, OWN_POLICY.replace("- {allow: read}", "- {allow: read, to: dba, visibility: ephemeral}"))
    before = cards(world, "")

    await raised(world, AlertKind.FORECAST, "users")
    assert cards(world, "") == before

    set_policy(world, OWN_POLICY)
    await raised(world, AlertKind.FORECAST, "users")
    await shown(world, "will probably use up its quota")


async def test_a_database_that_the_policy_hides_later_is_named_neither_on_a_new_card_nor_at_the_end(
    world: World,
) -> None:
    alert = await raised(world, AlertKind.SPIKE, "inventory")
    card = await shown(world, "`inventory`: 120,000")
    hidden = OWN_POLICY.replace("- {allow: read}", "- {deny: read, databases: [inventory]}\n      - {allow: read}")
    set_policy(world, hidden)

    await raised(world, AlertKind.QUOTA, "inventory", "users", measure=Measure.STORAGE)
    await ended(world, alert)

    new = await shown(world, "of its quota for storage")
    assert "`users`" in words(new)
    assert "inventory" not in words(new)
    assert words(world.current(card)).count("This alert has ended") == 2, "text and block"
    assert "inventory" not in words(world.current(card))


@pytest.mark.parametrize(
    ("who", "label", "says"),
    [
        (DANA, "Mute 1 h", "Only dba can use `alert mute` here"),
        (DANA, "Start incident", "Only dba can use `incident start` here"),
    ],
)
async def test_a_press_by_a_person_who_may_not_use_the_button_is_refused(
    world: World, who: str, label: str, says: str
) -> None:
    assert world.bot is not None
    await raised(world, AlertKind.QUOTA, "orders", measure=Measure.ROWS_READ)
    card = await shown(world, "of its quota for rows read")

    answer = await world.person(who).presses_and_reads(label, card)

    assert says in words(answer)
    assert not await world.bot.store.alerts.mutes(world.bot.env.clock.now())
    assert await world.bot.store.incidents.running_in(DB_OPS) is None


async def test_triage_opens_its_card_in_the_thread_of_the_alert(world: World) -> None:
    await raised(world, AlertKind.SPIKE, "orders")
    card = await shown(world, "`orders`: 120,000")

    await world.person(DANA).presses("Triage", card)

    await until(
        lambda: next((one for one in cards(world, ":ambulance: *orders*") if one.thread_ts == card.ts), None),
        what="the triage card",
    )


async def test_a_freeze_from_an_alert_is_refused_if_the_database_was_created_again(world: World) -> None:
    assert world.bot is not None
    await world.create_databases("twice")
    await raised(world, AlertKind.SPIKE, "twice")
    card = await shown(world, "`twice`: 120,000")
    assert (await world.call_turso("DELETE", "/databases/twice")).status_code == 200
    await world.create_databases("twice")

    answer = await world.person(BEN).presses_and_reads("Freeze writes 30 min", card)

    assert "now belongs to a different database" in words(answer)
    assert not [hold for hold in await world.bot.store.holds.find() if hold.database == "twice"]


async def test_the_timeline_of_an_incident_from_an_alert_begins_with_the_alert(world: World) -> None:
    assert world.bot is not None
    await raised(world, AlertKind.SPIKE, "orders")
    card = await shown(world, "`orders`: 120,000")

    await world.person(BEN).presses("Start incident", card)
    timeline = await until(lambda: world.card(holding=":rotating_light: Incident *orders-spike-"), what="the incident")
    await world.wait_until_idle()

    assert timeline.thread_ts is None
    assert "Alert from" in words(timeline)
    assert "120,000 rows written in an hour, 12 times the usual" in words(timeline)
    running = await world.bot.store.incidents.running_in(DB_OPS)
    assert running is not None
    page = await world.bot.store.audit.page(before_seq=None, limit=20, channel_id=DB_OPS)
    [started] = [one for _, one in page if one.event == "incident_started"]
    assert "12 times the usual" in str(started.detail["alert"])
    await world.workspace.say(BEN, DB_OPS, "/turso incident end")
    files = world.workspace.state.files
    report = await until(lambda: next((one for one in files.values() if one["shared"]), None), what="the report")
    assert "after an alert: orders: 120,000 rows written" in str(report)


async def test_turn_on_overages_asks_for_approval_in_the_thread(world: World) -> None:
    assert world.bot is not None
    await raised(world, AlertKind.QUOTA, "orders", measure=Measure.ROWS_READ)
    card = await shown(world, "of its quota for rows read")

    await world.person(DANA).presses("Turn on overages", card)

    asked = await until(lambda: world.card(holding="wants to turn on overages for `acme`"), what="the card")
    assert asked.thread_ts == card.ts
    [waiting] = await world.bot.store.requests.find(states=[State.PENDING], command="overages")
    assert waiting.requester == DANA


async def test_a_card_is_posted_once_after_slack_was_down(world: World) -> None:
    world.workspace.faults.add("server_error", method="chat.postMessage")
    await raised(world, AlertKind.QUOTA, "orders", measure=Measure.BYTES_SYNCED)
    assert not cards(world, "of its quota for synced data")

    world.workspace.faults.clear()
    await world.pass_time(minutes=10)

    await shown(world, "of its quota for synced data")
    await world.wait_until_idle()
    assert len(cards(world, "of its quota for synced data")) == 1


async def test_a_card_that_was_deleted_is_posted_again_when_its_alert_ends(world: World) -> None:
    alert = await raised(world, AlertKind.SPIKE, "search-eu")
    card = await shown(world, "`search-eu`: 120,000")
    await world.workspace.admin.delete_message(card.channel_id, card.ts)

    await ended(world, alert)

    again = await shown(world, "`search-eu`: 120,000")
    assert again.ts != card.ts
    assert "Ended" in words(again)


async def test_an_alert_that_ended_before_it_was_posted_is_not_posted(world: World) -> None:
    assert world.bot is not None
    alert = await made(world, AlertKind.SPIKE, "feature-flags")
    assert await world.bot.store.alerts.raise_once(alert)
    await ended(world, alert)

    assert not cards(world, "`feature-flags`: 120,000")


async def test_alerts_continue_after_the_person_who_turned_them_on_has_left(world: World) -> None:
    await world.workspace.admin.deactivate(ANA)
    world.clock.move(timedelta(minutes=2))  # the bot's cached facts about Ana expire
    try:
        await raised(world, AlertKind.SPIKE, "prod-billing")
        await shown(world, "`prod-billing`: 120,000")
    finally:
        await world.workspace.admin.reactivate(ANA)


@pytest.mark.parametrize(("rule", "is_shown"), [("{allow: read, to: dba}", True), ("{allow: [show], to: dba}", False)])
async def test_alerts_of_the_policy_file_are_posted_where_people_in_the_channel_may_see_them(
    world: World, rule: str, is_shown: bool
) -> None:
    await world.person(ANA).types("/turso alert off", holding="Alerts are off")
    in_file = "alerts: {channel: C0DBOPS, spike: 5x}\n"
    set_policy(world, OWN_POLICY.replace("{allow: read}", rule).replace("[alert, incident]", "[incident]") + in_file)
    name = "staging-users" if is_shown else "staging-orders"

    await raised(world, AlertKind.SPIKE, name)

    assert bool(cards(world, f"`{name}`: 120,000")) is is_shown


async def test_alert_list_shows_open_alerts_and_after_alert_off_the_next_sample_ends_them(world: World) -> None:
    await raised(world, AlertKind.QUOTA, "orders")
    card, ana = await shown(world, SAYS), world.person(ANA)

    listed = words(await ana.types("/turso alert list", holding="Open now"))
    assert "a quota reaches 50%, 80% or 95%" in listed
    assert SAYS in listed
    assert "82%" not in words(await world.person(DANA).types("/turso alert list", ORDERS, holding="You'll be notified"))
    await ana.types("/turso alert off", holding="Alerts are off")
    assert SAYS not in words(await ana.types("/turso alert list", holding="Alerts are off"))

    await world.pass_time(hours=1)
    assert not buttons(await world.wait_for_content(card, holding="This alert has ended"))


async def test_a_channel_that_is_now_shared_with_another_organization_gets_no_card(world: World) -> None:
    """Keep this test last, because it leaves the channel shared."""
    await world.workspace.admin.share(DB_OPS, OTHER_TEAM)

    await raised(world, AlertKind.SPIKE, "users-eu")

    assert not cards(world, "`users-eu`: 120,000")

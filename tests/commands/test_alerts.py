"""The commands for a channel's alerts: what they turn on, for whom, and what remains when they are off."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.alerts import alert_mute, alert_off
from bot.commands.alerts._visibility import AlertVisibility, ListedDatabases
from bot.core.alerts import Alert, AlertKind, Measure
from bot.core.requests.plan import Plan
from bot.errors import BadInput
from tests.blocks.messages import buttons, words
from tests.commands.conftest import NOW, POLICY, Desk
from tests.present import present

IN_FILE = POLICY + "alerts: {channel: C0DBOPS, quota: [90]}\n"


@pytest.mark.parametrize(
    ("line", "quota", "spike", "forecast", "notify"),
    [
        ("alert on", (50, 80, 95), 5.0, True, ()),
        ("alert on --quota 95,80%,80", (80, 95), None, False, ()),
        ("alert on --spike 2.5x", (), 2.5, False, ()),
        ("alert on --forecast --to <@U0ANA|ana> <!subteam^S0DBA|@dba>", (), None, True, ("U0ANA", "S0DBA")),
        ("alert on --to <@U0ANA>, U0BEN --quota 70", (70,), None, False, ("U0ANA", "U0BEN")),
    ],
)
async def test_options_select_alerts_and_without_options_the_default_ones_are_turned_on(
    desk: Desk, line: str, quota: tuple[int, ...], spike: float | None, forecast: bool, notify: tuple[str, ...]
) -> None:
    await desk.carry_out(line)

    [one] = await desk.store.alerts.stored_subscriptions()
    assert (one.quota, one.spike, one.forecast, one.notify) == (quota, spike, forecast, notify)
    assert (one.channel_id, one.organization, one.author) == ("C0DBOPS", "acme", "U0ANA")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("alert on --quota 0", "percentages from 1 to 100"),
        ("alert on --spike 1.5x", "a factor from 2x"),
        ("alert on --to everyone", "people or user groups"),
        ("alert on --to <@U1A> <@U2A> <@U3A> <@U4A> <@U5A> <@U6A>", "one to 5"),
    ],
)
async def test_the_error_about_a_wrong_option_says_what_is_allowed(desk: Desk, line: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        await desk.plan(line)


async def test_a_channel_with_some_databases_is_told_that_its_alerts_omit_the_organizations_numbers(
    desk: Desk,
) -> None:
    assert "leave out figures for the whole organization" in words(await desk.carry_out("alert on", channel="C0ORDERS"))
    assert "leave out figures for the whole organization" not in words(await desk.carry_out("alert on"))


async def test_alert_off_offers_to_turn_the_same_alerts_on_again(desk: Desk) -> None:
    await desk.carry_out("alert on --quota 80 --spike 5x --to <@U0ANA>")

    off = await desk.carry_out("alert off")

    assert await desk.store.alerts.stored_subscriptions() == []
    assert buttons(off)["Turn on again"]["value"] == "alert on --quota 80 --spike 5x --to U0ANA"


async def test_alert_off_is_stale_if_the_alerts_were_changed_before_its_approval(desk: Desk) -> None:
    await desk.carry_out("alert on --quota 80")
    plan = await desk.plan("alert off")
    drift = present(alert_off.command.drift)

    assert await drift(desk.context(), plan) is None
    await desk.carry_out("alert on --quota 90", who="U0BEN")
    assert "changed in the meantime" in str(await drift(desk.context(), plan))
    await desk.carry_out("alert off")
    assert await drift(desk.context(), plan) is None, "they are off already"
    desk.policy = IN_FILE
    assert "changed in the meantime" in str(await drift(desk.context(), plan)), "they wouldn't be off"


async def test_alerts_of_the_policy_file_cannot_be_turned_off_by_a_command(desk: Desk) -> None:
    desk.policy = IN_FILE
    with pytest.raises(BadInput, match="policy file"):
        await desk.plan("alert off")
    assert "Turned on by the policy file" in words(await desk.ask("alert list"))

    await desk.carry_out("alert on --quota 50")
    assert "Turned on by" in words(await desk.ask("alert list"))
    assert "uses the alert settings in the policy file again" in words(await desk.carry_out("alert off"))


async def test_a_mute_is_shown_and_ended(desk: Desk) -> None:
    await desk.carry_out("alert on")
    await desk.carry_out("alert mute --for 1d")

    listed = await desk.ask("alert list")
    assert "Muted until" in words(listed)
    assert "Unmute" in buttons(listed)
    await desk.carry_out("alert unmute")
    assert "Muted" not in words(await desk.ask("alert list"))
    with pytest.raises(BadInput, match="aren't muted"):
        await desk.plan("alert unmute")
    with pytest.raises(BadInput, match="`1m` to `30d`"):
        await desk.plan("alert mute --for 1s")


async def _requested_mute(desk: Desk) -> Plan:
    await desk.carry_out("alert on")
    return await desk.plan("alert mute --for 1h")


async def test_a_mute_begins_when_it_is_approved(desk: Desk) -> None:
    plan = await _requested_mute(desk)
    approved = desk.now = NOW + timedelta(hours=3)

    facts = await alert_mute.act(desk.context(), plan)

    [mute] = await desk.store.alerts.mutes(approved)
    assert mute.until == approved + timedelta(hours=1)
    assert str(int(mute.until.timestamp())) in words(alert_mute.message(plan, facts))
    assert await alert_mute.facts_again(desk.context(), plan) == facts
    desk.now = mute.until + timedelta(hours=1)
    assert await alert_mute.read_back(desk.context(), plan), "an ended mute isn't deleted at once"


async def test_a_mute_that_was_requested_before_an_upgrade_ends_as_requested(desk: Desk) -> None:
    plan = await _requested_mute(desk)
    old = replace(plan, arguments={alert_mute.UNTIL: plan.arguments[alert_mute.UNTIL]})

    await alert_mute.act(desk.context(), old)

    [mute] = await desk.store.alerts.mutes(NOW)
    assert mute.until == NOW + timedelta(hours=1)


async def test_an_earlier_mute_that_ends_sooner_is_not_taken_for_the_requested_one(desk: Desk) -> None:
    await desk.carry_out("alert on")
    await desk.carry_out("alert mute --for 30m")
    plan = await desk.plan("alert mute --for 1h")

    assert not await alert_mute.read_back(desk.context(), plan)


async def test_turning_alerts_on_says_if_they_are_still_muted(desk: Desk) -> None:
    await desk.carry_out("alert on")
    await desk.carry_out("alert mute --for 1d")
    await desk.carry_out("alert off")

    on = await desk.carry_out("alert on")

    assert "still muted until" in words(on)
    assert "Unmute" in buttons(on)
    await desk.carry_out("alert unmute")
    assert "muted" not in words(await desk.carry_out("alert on"))


async def test_an_alert_does_not_name_a_branch_of_a_database_that_is_not_shown_here(desk: Desk) -> None:
    payroll = desk.acme.add("payroll")
    hidden = desk.acme.add("orders-stolen", parent={"id": payroll["DbId"], "name": "payroll"})
    further = desk.acme.add("orders-again", parent={"id": hidden["DbId"], "name": "orders-stolen"})
    shown = desk.acme.add("orders-plain")
    ctx = desk.context(channel="C0ORDERS")
    databases = ListedDatabases.of(await desk.turso.listed())

    def named(name: str, database_id: str) -> bool:
        return AlertVisibility.of(ctx).find(databases, name, database_id) is not None

    assert named("orders-plain", shown["DbId"])
    assert not named("orders-plain", hidden["DbId"]), "another database had that name"
    assert not named("orders-stolen", hidden["DbId"])
    assert not named("orders-again", further["DbId"])


async def test_the_list_says_if_it_could_not_check_which_databases_have_open_alerts(desk: Desk) -> None:
    desk.policy = POLICY.replace("[{allow: read},", "[{allow: [read, alert]},")
    shown = desk.acme.add("orders-plain")
    await desk.carry_out("alert on", channel="C0ORDERS")
    alert = Alert("al-1", AlertKind.FREEZE, "acme", "C0ORDERS", Measure.DAYS, "7", "h-1", NOW, NOW, 8,
                  subject="orders-plain", subject_id=shown["DbId"])  # fmt: skip
    assert await desk.store.alerts.raise_once(alert)
    assert "has been frozen for 8 days" in words(await desk.ask("alert list", channel="C0ORDERS"))

    desk.acme.failing["/databases"] = 503

    listed = words(await desk.ask("alert list", channel="C0ORDERS"))
    assert "couldn't check which databases have open alerts" in listed
    assert "No alerts are open" not in listed

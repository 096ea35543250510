"""Alerts in a channel whose policy no longer allows them, and alerts about a database that was created again."""

import pytest

from bot.core.alerts import AlertEnd, AlertKind
from bot.core.records.timers import Timer, TimerKind
from tests.present import present
from tests.scenarios.alerting import made, raised, shown
from tests.scenarios.test_alerts import OWN_POLICY as OWN_POLICY
from tests.scenarios.test_alerts import SAYS
from tests.scenarios.test_alerts import alerts_on as alerts_on
from tests.world import ANA, World, buttons, set_policy, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def take_sample(world: World) -> None:
    """Let an hour pass, so that the next sample is taken and alerts are evaluated."""
    await world.pass_time(hours=1)
    await world.wait_until_idle()


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(OWN_POLICY.replace("  C0DBOPS:", "  C0OTHER:"), id="the channel is no longer in the policy"),
        pytest.param(OWN_POLICY.replace("[\"*\"]\n    rules:\n      - {allow: read}\n", "[\"*\"]\n    rules:\n"),
                     id="its rules no longer allow it"),
        pytest.param(OWN_POLICY.replace("organizations:\n", "organizations:\n  second: {token: env:TURSO_SECOND}\n")
                     .replace("  C0DBOPS:", "  C0DBOPS:\n    organization: second"),
                     id="it has another organization"),
    ],
)  # fmt: skip
async def test_an_open_alert_ends_when_the_policy_no_longer_allows_it_in_its_channel(world: World, policy: str) -> None:
    alert = await raised(world, AlertKind.QUOTA, "orders")
    card = await shown(world, SAYS)
    set_policy(world, policy)

    await take_sample(world)

    assert world.bot is not None
    assert present(await world.bot.store.alerts.get(alert.id)).end is AlertEnd.UNWATCHED
    after = await world.wait_for_content(card, holding="no longer allowed here")
    assert not buttons(after)
    assert "82%" not in words(after)


async def test_an_open_alert_of_an_organization_that_is_not_in_the_policy_ends(world: World) -> None:
    alert = await raised(world, AlertKind.QUOTA, "orders")
    card = await shown(world, SAYS)
    assert world.bot is not None
    await world.bot.env.store.timers.schedule(Timer(TimerKind.SAMPLE, "gone", world.clock.now()))
    other = await made(world, AlertKind.FREEZE, "users", organization="gone")
    assert await world.bot.store.alerts.raise_once(other)

    await take_sample(world)

    assert present(await world.bot.store.alerts.get(other.id)).end is AlertEnd.UNWATCHED
    assert present(await world.bot.store.alerts.get(alert.id)).is_open
    assert buttons(world.current(card))


@pytest.mark.parametrize("button", ["Triage orders", "Freeze orders 30 min", "Turn on overages", "Start incident"])
async def test_a_button_does_not_act_on_another_organization(world: World, button: str) -> None:
    await raised(world, AlertKind.QUOTA, "orders")
    card = await shown(world, SAYS)
    set_policy(world, OWN_POLICY.replace("organizations:\n", "organizations:\n  second: {token: env:TURSO_SECOND}\n")
            .replace("  C0DBOPS:", "  C0DBOPS:\n    organization: second"))  # fmt: skip
    before = len(world.changes("PATCH"))

    answer = await world.person(ANA).presses_and_reads(button, card)

    assert "can no longer use the databases that this alert is about" in words(answer)
    await world.wait_until_idle()
    assert len(world.changes("PATCH")) == before


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("- {allow: read, visibility: ephemeral}", "Answers to `alert list` are private in this channel"),
        ("- {deny: usage}\n      - {allow: read}", "Not everyone in this channel is allowed to use `usage`"),
    ],
    ids=["answers are private", "usage is denied"],
)
async def test_alerts_are_not_turned_on_where_they_would_not_be_posted(world: World, rule: str, says: str) -> None:
    set_policy(world, OWN_POLICY.replace("- {allow: read}", rule))
    before = await present(world.bot).store.alerts.stored_subscriptions()

    assert says in words(await world.person(ANA).types("/turso alert on --quota 99"))

    assert await present(world.bot).store.alerts.stored_subscriptions() == before


async def test_without_an_incident_profile_no_incident_is_offered(world: World) -> None:
    set_policy(world, OWN_POLICY.partition("profiles:")[0])
    await raised(world, AlertKind.QUOTA, "orders")
    assert "Start incident" not in buttons(await shown(world, SAYS))


@pytest.mark.parametrize("button", ["Triage", "Freeze writes 30 min"])
async def test_no_button_shows_or_changes_another_database_with_the_same_name(world: World, button: str) -> None:
    name = f"twin-{button[:4].lower()}"
    await world.create_databases(name)
    await raised(world, AlertKind.SPIKE, name)
    card = await shown(world, f"`{name}`: 120,000")
    assert (await world.call_turso("DELETE", f"/databases/{name}")).status_code == 200
    await world.create_databases(name)

    answer = await world.person(ANA).presses_and_reads(button, card)

    assert "now belongs to a different database" in words(answer)
    await world.wait_until_idle()
    assert not world.changes("PATCH", f"/{name}/configuration")

"""The store, cards and `alert list` agree on which alerts are open, for every kind of alert and every end.

Alerts, digests and Home agree on the freezes and tokens that alerts are about.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import pytest
import pytest_asyncio

from bot.core.alerts import Alert, AlertEnd, AlertKind
from bot.core.records.tokens import LedgerToken, TokenState
from tests.incidents.test_home import home
from tests.policies import WITH_NAMED_DBA
from tests.present import present
from tests.scenarios.alerting import ended, keep_usage_unknown, raised
from tests.scenarios.test_unwatched_alerts import take_sample
from tests.soak import pairs
from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, alert, digest]}
      - {allow: freeze, to: dba, confirm: none}
"""
)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def alerts_on(world: World) -> AsyncIterator[None]:
    """Turn on alerts before the first test, and end all alerts after each test.

    Turning them on takes a sample, which would end the alerts of a later test.
    """
    assert world.bot is not None
    if not await world.bot.store.alerts.stored_subscriptions():
        keep_usage_unknown(world)
        await world.person(ANA).types("/turso alert on", holding="Alerts are on")
        await world.wait_until_idle()
    yield
    for one in await world.bot.store.alerts.open():
        await ended(world, one, AlertEnd.OFF)


# Alerts


async def by_card(world: World, alert: Alert) -> bool:
    """Return True if the alert's card shows the alert as open."""
    found = present(await present(world.bot).store.alerts.get(alert.id))
    card = present(world.workspace.state.message(DB_OPS, present(found.card_ts)))
    says_ended = "ended" in words(card).lower()
    assert says_ended is not bool(buttons(card)), "a card has buttons until its alert has ended"
    return not says_ended


async def by_list(world: World, alert: Alert) -> bool:
    """Return True if `alert list` shows an open alert about the alert's database, if it is about one database."""
    listed = words(await world.person(ANA).types("/turso alert list", holding="Alerts are on"))
    assert ("Open now" in listed) is not ("No alerts are open." in listed)
    return alert.subject in listed and "Open now" in listed


async def by_store(world: World, alert: Alert) -> bool:
    return alert.id in {one.id for one in await present(world.bot).store.alerts.open(channel_id=DB_OPS)}


PLACES: Final[Mapping[str, Callable[[World, Alert], Awaitable[bool]]]] = {
    "the store": by_store,
    "its card": by_card,
    "alert list": by_list,
}
"""The places that know or show whether an alert is open."""


async def open_in(world: World, alert: Alert) -> dict[str, bool]:
    """Return, for each place, whether the alert is open there."""
    return {place: await look(world, alert) for place, look in PLACES.items()}


@pytest.mark.parametrize(("kind", "how"), pairs(AlertKind, AlertEnd, times=2))
async def test_every_place_shows_an_alert_as_open_until_it_ends(world: World, kind: AlertKind, how: AlertEnd) -> None:
    alert = await raised(world, kind, "orders", "users")
    assert await open_in(world, alert) == dict.fromkeys(PLACES, True)

    await ended(world, alert, how)

    assert await open_in(world, alert) == dict.fromkeys(PLACES, False)


# The freezes and tokens that alerts are about


async def freeze(world: World, name: str) -> None:
    """Freeze a database for 30 days, and let more than a week pass, so that the next sample raises an alert."""
    await world.person(BEN).types(f"/turso freeze {name} --for 30d", holding=f"Writes to {name}")
    await world.wait_until_idle()
    await world.pass_time(days=8)
    await world.wait_until_idle()


async def hand_out_tokens(world: World, name: str) -> None:
    """Store tokens of three people that expire within a day."""
    bot = present(world.bot)
    now = bot.env.clock.now()
    (database_id,) = [one.id for one in await bot.env.turso_clients.turso("acme").listed() if one.name == name]
    for number, holder in enumerate((ANA, BEN, DANA)):
        await bot.store.tokens.add(
            LedgerToken(f"t-{name}-{number}", "", "acme", name, database_id, None, False, holder, DB_OPS,
                        now - timedelta(days=6), now + timedelta(hours=20), state=TokenState.LIVE)
        )  # fmt: skip


async def by_digest(world: World, kind: AlertKind, name: str) -> bool:
    """Return True if a digest names the database among the blocked ones, or among those with tokens."""
    said = words(await world.person(ANA).types("/turso digest now", holding="Turso digest"))
    blocked, _, tokens = said.partition("Tokens that expire this week")
    return name in (tokens if kind is AlertKind.TOKENS else blocked.partition("Blocked now")[2])


async def by_home(world: World, kind: AlertKind, name: str) -> bool:
    """Return True if Home names the database among the frozen ones, or among those with tokens."""
    lists = words(await home(world, ANA)).partition("What you can do in each channel")[0]
    frozen, _, tokens = lists.partition("Your active")
    return name in (tokens if kind is AlertKind.TOKENS else frozen.partition("Frozen")[2])


async def by_alert(world: World, kind: AlertKind, name: str) -> bool:
    found = await present(world.bot).store.alerts.open(channel_id=DB_OPS)
    return any((one.kind, one.subject) == (kind, name) for one in found)


RECORDS: Final[Mapping[AlertKind, Callable[[World, str], Awaitable[None]]]] = {
    AlertKind.FREEZE: freeze,
    AlertKind.TOKENS: hand_out_tokens,
}
SHOWS: Final = {"alerts": by_alert, "a digest": by_digest, "Home": by_home}


@pytest.mark.parametrize("kind", RECORDS)
async def test_alerts_digests_and_home_do_not_show_freezes_and_tokens_of_a_destroyed_database(
    world: World, kind: AlertKind
) -> None:
    name = f"gone-{kind}"
    await world.create_databases(name)
    await RECORDS[kind](world, name)
    await take_sample(world)
    assert {place: await look(world, kind, name) for place, look in SHOWS.items()} == dict.fromkeys(SHOWS, True)

    assert (await world.call_turso("DELETE", f"/databases/{name}")).status_code == 200
    await world.create_databases(name)  # another database with the same name
    await take_sample(world)

    assert {place: await look(world, kind, name) for place, look in SHOWS.items()} == dict.fromkeys(SHOWS, False)

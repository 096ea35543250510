"""Raises and ends alerts as the sampler does: stores them with a due timer, and lets the bot deliver them."""

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from bot.core.alerts import Alert, AlertEnd, AlertKind, AlertSubscription, Contributor, Figure, Measure
from bot.sandbox.workspace.model import Message
from tests.present import present
from tests.world import DB_OPS, World, until, words

_NUMBERS = count(1)
SHARES = (50, 25, 10)
"""The percentages of the measured number that the first, second and third database contribute."""
KINDS: dict[AlertKind, dict[str, Any]] = {
    AlertKind.QUOTA: {"measure": Measure.ROWS_WRITTEN, "threshold": "80", "measured": 820, "compared": 1000},
    AlertKind.FORECAST: {"measure": Measure.ROWS_READ, "threshold": "100", "measured": 500, "compared": 1000},
    AlertKind.SPIKE: {"measure": Measure.ROWS_WRITTEN, "threshold": "5x", "measured": 120_000, "compared": 10_000},
    AlertKind.TOKENS: {"measure": Measure.HOLDERS, "threshold": "3", "measured": 3},
    AlertKind.FREEZE: {"measure": Measure.DAYS, "threshold": "7", "measured": 8},
    AlertKind.FAILURES: {
        "measure": Measure.FAILURES,
        "threshold": "1",
        "measured": 1,
        "details": ("Scheduled work has failed 3 times in a row.",),
    },
}
"""By kind: the number that an alert reports, and what it is compared with."""


_TURNED_ON: dict[tuple[Path, str, str], AlertSubscription] = {}
"""The subscription that `turn_on` stored, by the world's folder, the channel and the command."""


async def turn_on(world: World, who: str, line: str, channel: str = DB_OPS) -> None:
    """Turn on alerts in a channel with a command, unless that command has turned them on and they are unchanged."""

    async def stored() -> AlertSubscription | None:
        found = await present(world.bot).store.alerts.stored_subscriptions()
        return next((one for one in found if one.channel_id == channel), None)

    key, now = (world.data, channel, line), await stored()
    if now is None or _TURNED_ON.get(key) != now:
        await world.person(who).types(line, channel, holding="Alerts are on")
        await world.wait_until_idle()
        _TURNED_ON[key] = present(await stored())


def keep_usage_unknown(world: World) -> None:
    """Make Turso's usage of the organization unavailable, so that no sample raises or ends an alert about usage."""
    world.turso.faults.add("status", method="GET", path="*/organizations/acme/usage", status=503, count=None)


async def made(world: World, kind: AlertKind, *databases: str, channel: str = DB_OPS, **more: Any) -> Alert:
    """Return an alert about databases, without storing it. `more` sets fields of the alert."""
    assert world.bot is not None
    now = world.bot.env.clock.now()
    ids = {one.name: one.id for one in await world.bot.env.turso_clients.turso("acme").listed()}
    numbers = KINDS[kind] | {key: value for key, value in more.items() if key in ("measured", "compared")}
    parts = tuple(
        Contributor(name, ids.get(name, "gone"), numbers["measured"] * share // 100)
        for name, share in zip(databases, SHARES, strict=False)
    )
    alone = kind in (AlertKind.SPIKE, AlertKind.TOKENS, AlertKind.FREEZE)
    about = {"subject": databases[0], "subject_id": ids[databases[0]]} if alone else {"contributors": parts}
    number = next(_NUMBERS)
    if kind is AlertKind.FORECAST:
        more = {"expected_at": now + timedelta(days=3), "earliest_at": now + timedelta(days=2),
                "latest_at": now + timedelta(days=5)} | more  # fmt: skip
    base: dict[str, Any] = {
        "id": f"al-{number:010}", "kind": kind, "organization": "acme", "channel_id": channel,
        "period": f"p{number}", "since": now - timedelta(minutes=30), "raised_at": now,
        "figures": _figures(kind, now, **numbers),
    }  # fmt: skip
    return Alert(**{**base, **KINDS[kind], **about, **more})


def _figures(kind: AlertKind, now: datetime, *, measured: int, compared: int = 0, **_: Any) -> tuple[Figure, ...]:
    """Return the bars of an alert's chart: the hours up to a spike, or the days of a quota. Other kinds have none."""
    if kind is AlertKind.SPIKE:
        usual = [compared * share // 100 for share in (90, 110, 100, 95, 105)]
        return tuple(
            Figure((now - timedelta(hours=6 - at)).isoformat(), amount) for at, amount in enumerate([*usual, measured])
        )
    if kind in (AlertKind.QUOTA, AlertKind.FORECAST):
        days = [measured * share // 100 for share in (10, 14, 16, 17, 20, 23)]
        return tuple(Figure((now - timedelta(days=6 - at)).date().isoformat(), one) for at, one in enumerate(days))
    return ()


async def raised(world: World, kind: AlertKind, *databases: str, **more: Any) -> Alert:
    """Raise an alert, and let the bot process due timers."""
    alert = await made(world, kind, *databases, **more)
    await raise_one(world, alert)
    return alert


async def raise_one(world: World, alert: Alert) -> None:
    """Store an alert, and let the bot process due timers."""
    assert world.bot is not None
    assert await world.bot.store.alerts.raise_once(alert)
    await world.pass_time(seconds=1)
    await world.wait_until_idle()


async def ended(world: World, alert: Alert, how: AlertEnd = AlertEnd.BELOW) -> None:
    """End an alert, and let the bot process due timers."""
    assert world.bot is not None
    assert await world.bot.store.alerts.end(alert.id, world.bot.env.clock.now(), how)
    await world.pass_time(seconds=1)
    await world.wait_until_idle()


def card(world: World, holding: str, channel: str = DB_OPS) -> Message | None:
    """Return the newest public message of a channel that contains `holding`, or None."""
    return world.card(channel, holding=holding)


async def shown(world: World, holding: str, channel: str = DB_OPS) -> Message:
    """Wait for a public message of a channel that contains `holding`, and return the newest one."""
    return await until(lambda: card(world, holding, channel), what=f"an alert with {holding!r}")


def cards(world: World, holding: str, channel: str = DB_OPS) -> list[Message]:
    """Return every public message of a channel that contains `holding`."""
    posted = [one for one in world.workspace.history(channel, None) if not one.only_for]
    return [one for one in posted if holding in words(one)]

"""The result of checking one kind of alert: the states that hold now, and the alerts that have ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.alerts.alert import Alert, AlertEnd, AlertKind, Contributor, Figure, Measure
from bot.core.alerts.facts import Facts
from bot.core.alerts.hours import value_of
from bot.core.alerts.subscriptions import AlertSubscription

TOP: Final = 3
Shown = Callable[[str, str], bool]
"""Returns True if the database with this name and `DbId` may be named in the channel."""


@dataclass(frozen=True, slots=True)
class Found:
    """The states that hold now, as alerts without an ID, and why alerts have ended, by alert ID."""

    states: Sequence[Alert] = ()
    ended: Mapping[str, AlertEnd] = field(default_factory=dict)


Check = Callable[[AlertSubscription, Facts, Sequence[Alert], Shown], Found]
"""Checks one kind of alert in a channel. The third argument is the channel's open and recent alerts of this kind."""


def state(
    kind: AlertKind,
    subscription: AlertSubscription,
    facts: Facts,
    *,
    measure: Measure,
    threshold: str,
    period: str,
    measured: int,
    since: datetime | None = None,
    **more: Any,
) -> Alert:
    """Return a state that holds now, as an alert without an ID. It is raised if it is new."""
    return Alert(
        id="",
        kind=kind,
        organization=facts.organization,
        channel_id=subscription.channel_id,
        measure=measure,
        threshold=threshold,
        period=period,
        since=since or facts.now,
        raised_at=facts.now,
        measured=measured,
        notify=subscription.notify,
        **more,
    )


def top_databases(facts: Facts, measure: Measure, shown: Shown) -> tuple[Contributor, ...]:
    """Return the channel's databases that contribute most to a measure in this billing period, largest first."""
    found = [
        Contributor(one.database, one.database_id, amount)
        for one in facts.databases
        if (amount := value_of(one, measure)) and shown(one.database, one.database_id)
    ]
    return tuple(sorted(found, key=lambda one: (-one.amount, one.database_id))[:TOP])


def figure(at: datetime, amount: int | None) -> Figure:
    """Return a bar of an alert's chart."""
    return Figure(at.astimezone(UTC).isoformat(), amount)

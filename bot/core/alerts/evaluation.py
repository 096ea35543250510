"""Decide which alerts are raised in a channel, and which have ended."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bot.core.alerts import database_states, organization_states
from bot.core.alerts.alert import Alert, AlertEnd, AlertKind
from bot.core.alerts.facts import Facts
from bot.core.alerts.states import Check, Shown
from bot.core.alerts.subscriptions import AlertSubscription

CHECKS: Final[Mapping[AlertKind, Check]] = {
    AlertKind.QUOTA: organization_states.quotas,
    AlertKind.FORECAST: organization_states.forecasts,
    AlertKind.FAILURES: organization_states.failures,
    AlertKind.SPIKE: database_states.spikes,
    AlertKind.TOKENS: database_states.expiring_tokens,
    AlertKind.FREEZE: database_states.old_freezes,
}


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one channel's alerts."""

    raised: Sequence[Alert] = ()
    ended: Mapping[str, AlertEnd] = field(default_factory=dict)
    """Why alerts have ended, by alert ID."""


def evaluate(
    subscription: AlertSubscription,
    facts: Facts,
    known: Sequence[Alert],
    *,
    shown: Shown,
    new_id: Callable[[], str],
) -> Changes:
    """Decide which alerts are raised and which have ended in one channel.

    Args:
        known: the channel's alerts of this organization that are open or were raised in the last weeks.
        shown: returns True if a database may be named in the channel.
    """
    raised: list[Alert] = []
    ended: dict[str, AlertEnd] = {}
    for kind, check in CHECKS.items():
        of_kind = [one for one in known if one.kind is kind]
        found = check(subscription, facts, of_kind, shown)
        # While the channel is muted, no alert for a higher threshold is raised, so that for the lower one stays open.
        if subscription.is_muted(facts.now):
            ended |= {one: how for one, how in found.ended.items() if how is not AlertEnd.HIGHER}
            continue
        ended |= found.ended
        is_open = {one.key for one in of_kind if one.is_open and one.id not in ended}
        repeats = {(one.key, one.occurrence) for one in of_kind if one.prevents_repeat}
        new = [one for one in found.states if one.key not in is_open and (one.key, one.occurrence) not in repeats]
        raised += [replace(one, id=new_id()) for one in new]
    return Changes(raised, ended)


def end_open(known: Iterable[Alert], how: AlertEnd) -> Mapping[str, AlertEnd]:
    """Return `how` as the end of every open alert, by alert ID."""
    return {one.id: how for one in known if one.is_open}

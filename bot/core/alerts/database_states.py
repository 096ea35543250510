"""Alerts about single databases: spikes, tokens that expire together, and old freezes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.core.alerts.alert import Alert, AlertEnd, AlertKind, Figure, Measure
from bot.core.alerts.facts import Facts
from bot.core.alerts.hours import HOUR, History
from bot.core.alerts.spikes import CHART_HOURS, end_of, spike
from bot.core.alerts.states import Found, Shown, figure, state
from bot.core.alerts.subscriptions import AlertSubscription
from bot.core.alerts.thresholds import factor_text
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.tokens import LedgerToken, TokenState

HOLDERS: Final = 3
"""How many people's tokens must expire within a day for an alert."""
EXPIRES_WITHIN: Final = timedelta(days=1)
SHORT_LIVED: Final = timedelta(days=3)
"""Tokens with a shorter lifetime are meant to expire, so they cause no alert."""
OLD_FREEZE: Final = timedelta(days=7)


def spikes(subscription: AlertSubscription, facts: Facts, known: Sequence[Alert], shown: Shown) -> Found:
    """Find the databases that were used far more than usual in the last hour, and the spike alerts that have ended."""
    factor = subscription.spike
    ended = {
        one.id: AlertEnd.OFF
        for one in known
        if one.is_open and (factor is None or one.threshold != factor_text(factor))
    }
    if factor is None or facts.reading is None or facts.history is None:
        return Found((), ended)
    at, names = facts.reading.at, facts.names
    for one in (one for one in known if one.is_open and one.id not in ended):
        if (how := end_of(facts.history, one, at)) is not None:
            ended[one.id] = how
    states = []
    for database_id in facts.busiest:
        name = names.get(database_id, "")
        found = spike(facts.history, database_id, at, factor)
        if found is not None and name and shown(name, database_id):
            states.append(
                state(AlertKind.SPIKE, subscription, facts, measure=found.measure, threshold=factor_text(factor),
                      period=f"{at:%Y-%m-%d %H:%M}", measured=found.used, compared=found.usual, since=at - HOUR,
                      subject=name, subject_id=database_id,
                      figures=_hours(facts.history, database_id, found.measure, at))
            )  # fmt: skip
    return Found(states, ended)


def _hours(history: History, database_id: str, measure: Measure, at: datetime) -> tuple[Figure, ...]:
    hours = [at - back * HOUR for back in range(CHART_HOURS - 1, -1, -1)]
    return tuple(figure(hour - HOUR, history.used(database_id, measure, hour)) for hour in hours)


def expiring_tokens(subscription: AlertSubscription, facts: Facts, known: Sequence[Alert], shown: Shown) -> Found:
    """Find the databases for which several people's last tokens expire within a day."""
    if facts.tokens is None:
        return Found()
    states, names, ending_tokens = [], facts.names, _ending_tokens(facts)
    for database_id, tokens in ending_tokens.items():
        name = names.get(database_id) or tokens[0].database
        if len(tokens) >= HOLDERS and shown(name, database_id):
            first = min(token.expires_at for token in tokens if token.expires_at is not None)
            states.append(
                state(AlertKind.TOKENS, subscription, facts, measure=Measure.HOLDERS, threshold=str(HOLDERS),
                      period=f"{first:%Y-%m-%d}", measured=len(tokens), subject=name,
                      subject_id=database_id, details=tuple(sorted(token.holder for token in tokens)))
            )  # fmt: skip
    over = {one.id: AlertEnd.OVER for one in known if one.is_open and one.subject_id not in ending_tokens}
    return Found(states, over)


def _ending_tokens(facts: Facts) -> Mapping[str, Sequence[LedgerToken]]:
    """Return each holder's last token, if it isn't short-lived and expires within a day, by database."""
    found: dict[str, list[LedgerToken]] = defaultdict(list)
    for database_id, by_holder in _last_tokens(facts).items():
        for token in by_holder.values():
            if (
                token.expires_at is not None
                and facts.now < token.expires_at <= facts.now + EXPIRES_WITHIN
                and token.expires_at - token.minted_at >= SHORT_LIVED
            ):
                found[database_id].append(token)
    return found


def _last_tokens(facts: Facts) -> Mapping[str, Mapping[str, LedgerToken]]:
    """Return each holder's active token that expires last, by database."""
    found: dict[str, dict[str, LedgerToken]] = defaultdict(dict)
    for token in facts.tokens or ():
        held = found[token.database_id].get(token.holder)
        if token.state is TokenState.LIVE and (held is None or _outlives(token, held)):
            found[token.database_id][token.holder] = token
    return found


def _outlives(token: LedgerToken, other: LedgerToken) -> bool:
    if token.expires_at is None or other.expires_at is None:
        return token.expires_at is None
    return token.expires_at > other.expires_at


def old_freezes(subscription: AlertSubscription, facts: Facts, known: Sequence[Alert], shown: Shown) -> Found:
    """Find the databases that have been frozen for more than a week."""
    if facts.holds is None:
        return Found()
    frozen = _frozen_long(facts)
    states = [
        state(AlertKind.FREEZE, subscription, facts, measure=Measure.DAYS, threshold=str(OLD_FREEZE.days),
              period=one.id, measured=(facts.now - one.placed_at).days, since=one.placed_at, subject=one.database,
              subject_id=one.database_id)
        for one in frozen
        if shown(one.database, one.database_id)
    ]  # fmt: skip
    still = {one.id for one in frozen}
    return Found(states, {one.id: AlertEnd.OVER for one in known if one.is_open and one.period not in still})


def _frozen_long(facts: Facts) -> list[Hold]:
    return [one for one in facts.holds or () if one.kind is HoldKind.FREEZE and facts.now - one.placed_at > OLD_FREEZE]


def concern_databases(facts: Facts) -> bool:
    """Return True if tokens or freezes may cause an alert, so that the caller must check that their databases exist."""
    return bool(_frozen_long(facts)) or any(len(found) >= HOLDERS for found in _ending_tokens(facts).values())

"""Ninety simulated days of an organization: daily and weekly seasons, growth, noise, gaps, counter restarts and spikes.

The organization is in New York, whose clocks change within these days. Its usage follows the local time.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.alerts import Alert, AlertKind, AlertSubscription, Measure
from bot.core.alerts.evaluation import evaluate
from bot.core.alerts.facts import Facts
from bot.core.alerts.hours import BEFORE_THE_HOUR, HOUR, History, growth
from bot.core.alerts.spikes import LEAST, hours_needed
from bot.core.records.usage import UsageGrowth, UsageReading, UsageSample

START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 90
NEW_YORK = ZoneInfo("America/New_York")
"""Its clocks go back on 1 November 2026, within the simulated days."""
MEASURES = (Measure.ROWS_READ, Measure.ROWS_WRITTEN, Measure.BYTES_SYNCED)
QUIET_DAYS = 16
"""Days at the start without a planted spike, because there is no history to compare with."""


@dataclass(frozen=True)
class Planted:
    """A spike that the simulation contains."""

    database_id: str
    since: datetime
    hours: int


@dataclass
class Organization:
    """The real usage of an organization's databases, hour by hour, and the faults in what Turso reports about it."""

    seed: int
    databases: int = 4
    spikes: list[Planted] = field(default_factory=list)
    used: dict[str, list[dict[Measure, int]]] = field(default_factory=dict)
    """By `DbId`: the usage in each hour since `START`."""
    storage: list[int] = field(default_factory=list)
    late_restart: timedelta = timedelta(0)
    """How long after the start of a month Turso restarts its counters."""
    missed: set[int] = field(default_factory=set)
    """The numbers of the hours without a reading at their end, counted from `START`."""
    unknown: dict[int, Measure] = field(default_factory=dict)
    """By number of an hour: the measure that Turso didn't report at its end."""
    quotas: dict[Measure, int] = field(default_factory=dict)

    @classmethod
    def simulate(cls, seed: int, *, quotas: bool = False) -> "Organization":
        """Return an organization with ninety days of usage."""
        noise = random.Random(seed)
        made = cls(seed)
        made.late_restart = timedelta(hours=noise.choice([0, 0, 1, 5]))
        made._plant(noise)
        for number in range(made.databases):
            made.used[f"db-{number}"] = made._hours(noise, number)
        level = 4_000_000_000.0
        for _ in range(DAYS * 24):
            level += noise.gauss(250_000, 400_000)
            made.storage.append(max(0, round(level)))
        made._lose(noise)
        if quotas:
            made._limit(noise)
        return made

    def _plant(self, noise: random.Random) -> None:
        for day in range(QUIET_DAYS, DAYS - 2, 6):
            at = START + timedelta(days=day + noise.randrange(3), hours=noise.randrange(24))
            self.spikes.append(Planted(f"db-{noise.randrange(self.databases)}", at, noise.randint(1, 5)))

    def _hours(self, noise: random.Random, number: int) -> list[dict[Measure, int]]:
        base = 10 ** noise.uniform(4.6, 6.0)
        growth_a_day, depth = noise.uniform(-0.002, 0.012), noise.uniform(0.2, 0.9)
        moods = {Measure.ROWS_READ: (1.0, 0.0), Measure.ROWS_WRITTEN: (0.08, 0.0), Measure.BYTES_SYNCED: (300.0, 0.0)}
        weekend, drift = noise.uniform(0.2, 1.0), 0.0
        found = []
        for hour in range(DAYS * 24):
            at = START + hour * HOUR
            local = at.astimezone(NEW_YORK)
            drift = 0.97 * drift + noise.gauss(0, 0.03)
            season = 1 + depth * math.sin((local.hour - 9) / 24 * 2 * math.pi)
            week = weekend if local.weekday() >= 5 else 1.0
            value = base * season * week * math.exp(growth_a_day * hour / 24 + drift + noise.gauss(0, 0.12))
            for one in self.spikes:
                if one.database_id == f"db-{number}" and one.since <= at < one.since + one.hours * HOUR:
                    # Without noise, `season * week` is below 2. So this is over ten times the busiest hour, and a spike
                    # at any time of day.
                    value = 20 * base * math.exp(growth_a_day * hour / 24)
            for measure, (share, mood) in moods.items():
                moods[measure] = share, 0.98 * mood + noise.gauss(0, 0.03)
            found.append({measure: round(value * share * math.exp(mood)) for measure, (share, mood) in moods.items()})
        return found

    def _lose(self, noise: random.Random) -> None:
        hours = DAYS * 24
        for _ in range(6):
            begins = noise.randrange(hours)
            self.missed |= set(range(begins, begins + noise.choice([1, 2, 7, 30])))
        self.missed |= {noise.randrange(hours) for _ in range(30)}
        self.unknown = {noise.randrange(hours): noise.choice(MEASURES) for _ in range(40)}

    def _limit(self, noise: random.Random) -> None:
        """Set quotas, which are used up or nearly used up in November."""
        for measure in MEASURES:
            month = self.month_of(measure, START + timedelta(days=61))
            self.quotas[measure] = round(month * noise.uniform(0.45, 1.1))

    def total(self, measure: Measure, hour: int) -> int:
        """Return the usage of the whole organization in an hour."""
        return sum(hours[hour][measure] for hours in self.used.values())

    def month_of(self, measure: Measure, since: datetime) -> int:
        """Return the usage in the 29 days since a time: as many days of November as are simulated."""
        first = round((since - START) / HOUR)
        return sum(self.total(measure, hour) for hour in range(first, min(first + 29 * 24, DAYS * 24)))

    def used_up(self, measure: Measure, month: datetime) -> datetime | None:
        """Return when the quota of a month was really used up, or None."""
        left, hour = self.quotas[measure], round((month - START) / HOUR)
        while hour < DAYS * 24 and (START + hour * HOUR).month == month.month:
            amount = self.total(measure, hour)
            if amount >= left:
                return START + hour * HOUR + HOUR * (left / amount)
            left, hour = left - amount, hour + 1
        return None


@dataclass
class Turso:
    """Turso's counters. They restart each month, sometimes late."""

    organization: Organization
    counters: dict[str, dict[Measure, int]] = field(default_factory=dict)
    restarted: int = START.month

    def hour(self, hour: int) -> None:
        """Add the usage of an hour, after restarting the counters if that is due."""
        at = START + hour * HOUR
        if at.month != self.restarted and at - at.replace(day=1, hour=0) >= self.organization.late_restart:
            self.counters, self.restarted = {}, at.month
        for database_id, hours in self.organization.used.items():
            found = self.counters.setdefault(database_id, dict.fromkeys(MEASURES, 0))
            for measure in MEASURES:
                found[measure] += hours[hour][measure]

    def samples(self, hour: int) -> dict[str, UsageSample]:
        """Return the counters of every database, with None for the measure that Turso doesn't report in this hour."""
        hidden = self.organization.unknown.get(hour)
        return {
            database_id: UsageSample(
                "acme", database_id.replace("db", "orders"), database_id, "",
                storage_bytes=0, **{one.value: None if one is hidden else found[one] for one in MEASURES},
            )
            for database_id, found in self.counters.items()
        }  # fmt: skip

    def reading(self, hour: int, at: datetime, taken_at: datetime) -> UsageReading:
        """Return the organization's reading: the sums of the counters, the storage and the quotas.

        A sum is None if a counter isn't reported.
        """
        samples = self.samples(hour).values()
        read, written, synced = (_sum([getattr(sample, one.value) for sample in samples]) for one in MEASURES)
        storage, limits = self.organization.storage[hour], {str(one): n for one, n in self.organization.quotas.items()}
        return UsageReading("acme", at, taken_at, read, written, synced, storage, limits=limits)


def _sum(values: Sequence[int | None]) -> int | None:
    return None if None in values else sum(value or 0 for value in values)


class Memory:
    """The stored alerts.

    Like the real store, it accepts an alert once per state and period, and one open alert per state.
    """

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.posted: list[Alert] = []

    def raise_once(self, alert: Alert) -> bool:
        same = [one for one in self.alerts.values() if one.key == alert.key and one.channel_id == alert.channel_id]
        if any(one.is_open or one.occurrence == alert.occurrence for one in same):
            return False
        self.alerts[alert.id] = alert
        self.posted.append(alert)
        return True


@dataclass
class Bot:
    """Simulates the bot: takes the readings, keeps them, and decides on alerts in several processes with one store."""

    turso: Turso
    subscription: AlertSubscription
    memory: Memory = field(default_factory=Memory)
    readings: list[UsageReading] = field(default_factory=list)
    growth: dict[tuple[str, datetime], UsageGrowth] = field(default_factory=dict)
    last: Mapping[str, UsageSample] = field(default_factory=dict)
    number: int = 0

    def hour(self, hour: int, *, processes: int = 2) -> None:
        """Take the reading at the end of an hour, and let each process evaluate it."""
        if hour in self.turso.organization.missed:
            return
        at = START + (hour + 1) * HOUR - BEFORE_THE_HOUR
        samples = self.turso.samples(hour)
        reading = self.turso.reading(hour, at, at + timedelta(seconds=20))
        found, complete = growth(
            self.readings[-1] if self.readings else None, reading, self.last, samples, lambda _: START
        )
        reading = replace(reading, is_complete=complete)
        self.readings.append(reading)
        self.growth |= {(one.database_id, at): one for one in found}
        self.last = samples
        facts = [self._facts(reading, samples)] * processes
        known = list(self.memory.alerts.values())
        for one in facts:  # each process decides from what was stored before any of them had decided
            self._decide(one, known)

    def _facts(self, reading: UsageReading, samples: Mapping[str, UsageSample]) -> Facts:
        since = reading.at - timedelta(days=36)
        wanted = hours_needed(reading.at)
        readings = [one for one in self.readings if one.at >= since]
        by_hour = {one.at: one for one in readings}
        busy = [self.growth[key] for key in ((name, reading.at) for name in samples) if key in self.growth]
        busiest = [one.database_id for one in busy if any((getattr(one, m.value) or 0) >= LEAST[m] for m in MEASURES)]
        keys = [(name, at) for name in samples for at in wanted]
        recent = {key: self.growth[key] for key in keys if key in self.growth}
        history = History({at: by_hour[at] for at in [*wanted, reading.at] if at in by_hour}, recent, lambda _: START)
        return Facts("acme", reading.taken_at, reading, readings, list(samples.values()), history, busiest)

    def _decide(self, facts: Facts, known: Sequence[Alert]) -> None:
        changes = evaluate(self.subscription, facts, known, shown=lambda *_: True, new_id=self._id)
        for alert_id, how in changes.ended.items():
            if self.memory.alerts[alert_id].is_open:
                self.memory.alerts[alert_id] = replace(self.memory.alerts[alert_id], ended_at=facts.now, end=how)
        for alert in changes.raised:
            self.memory.raise_once(alert)

    def _id(self) -> str:
        self.number += 1
        return f"al-{self.number}"


def watch(organization: Organization, subscription: AlertSubscription, *, only_days: bool = False) -> Bot:
    """Let the bot watch an organization for ninety days, with two processes, and return the bot.

    Args:
        only_days: take only the last reading of each day, with one process, which is enough for forecasts.
    """
    turso = Turso(organization)
    bot = Bot(turso, subscription)
    for hour in range(DAYS * 24):
        turso.hour(hour)
        if not only_days or hour % 24 == 23:
            bot.hour(hour, processes=1 if only_days else 2)
    return bot


def observable(organization: Organization, readings: Sequence[UsageReading], spike: Planted) -> bool:
    """Return True if at least one hour of a spike was measured."""
    known = {one.at for one in readings if one.is_complete}
    ends = [spike.since + (hour + 1) * HOUR - BEFORE_THE_HOUR for hour in range(spike.hours)]
    return any(at in known for at in ends)


def of_kind(alerts: Iterable[Alert], kind: AlertKind) -> list[Alert]:
    """Return the alerts of one kind."""
    return [one for one in alerts if one.kind is kind]


def about(alert: Alert, spike: Planted) -> bool:
    """Return True if an alert is about the database of a spike and was raised during the spike."""
    ends = spike.since + spike.hours * HOUR
    return alert.subject_id == spike.database_id and spike.since <= alert.since + BEFORE_THE_HOUR < ends


def mistakes(organization: Organization, readings: Sequence[UsageReading], alerts: Sequence[Alert]) -> list[str]:
    """Return a text for each mistake of the bot.

    Mistakes are spikes that were missed or reported twice, alerts about spikes that didn't happen, quota alerts below
    their threshold, and alerts that were raised twice for the same state in a period.
    """
    found = []
    reported = of_kind(alerts, AlertKind.SPIKE)
    for spike in organization.spikes:
        times = sum(about(one, spike) for one in reported)
        if times > 1 or (times == 0 and observable(organization, readings, spike)):
            found.append(f"{spike} was reported {times} times")
    for one in reported:
        if not any(about(one, spike) for spike in organization.spikes):
            found.append(f"no spike: {one.subject_id} at {one.since}")
    for one in of_kind(alerts, AlertKind.QUOTA):
        assert one.compared
        if one.measured * 100 < int(one.threshold) * one.compared:
            found.append(f"{one.measure} is below {one.threshold} %")
    states = [(one.key, one.period) for one in alerts]
    return found + [f"{state} was reported twice" for state in set(states) if states.count(state) > 1]


def coverage(organization: Organization, alerts: Iterable[Alert]) -> list[bool]:
    """For each forecast except those of storage, return whether the quota was used up within the predicted time.

    A forecast whose `latest_at` is after the simulated days only counts if the quota was used up within them. Otherwise
    its outcome is unknown.
    """
    found = []
    for one in of_kind(alerts, AlertKind.FORECAST):
        if one.measure is Measure.STORAGE or one.earliest_at is None or one.latest_at is None:
            continue
        month = one.raised_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        real = organization.used_up(one.measure, month)
        if real is not None or one.latest_at < START + timedelta(days=DAYS):
            found.append(real is not None and one.earliest_at <= real <= one.latest_at)
    return found

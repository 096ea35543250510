"""A month of usage samples for the sandbox's store, computed from the local Turso's counters."""

from datetime import UTC, date, timedelta
from typing import Final

import apsw

from bot.core.ports import Clock
from bot.core.records.usage import UsageSample
from bot.sandbox.platform.catalog import usage
from bot.sandbox.platform.catalog.databases import Listing, every
from bot.sandbox.platform.catalog.usage import Period
from bot.sandbox.platform.turso import Turso
from bot.store.store import SqlStore

DAYS: Final = 30


async def seed_history(turso: Turso, store: SqlStore, clock: Clock) -> None:
    """Store a sample for each database and each of the last days. A store with older samples isn't changed."""
    today = clock.now().astimezone(UTC).date()
    first = await store.samples.first_day(organization=turso.organization)
    if first is None or first[:10] >= today.isoformat():
        await store.samples.add(await turso.read(_samples, turso.organization, today))


def _samples(connection: apsw.Connection, organization: str, today: date) -> list[UsageSample]:
    names = {one.id: one.name for one in every(connection, organization, Listing())[0]}
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    return [sample for day in days for sample in _samples_of(connection, organization, names, day)]


def _samples_of(connection: apsw.Connection, organization: str, names: dict[str, str], day: date) -> list[UsageSample]:
    """Return what each database had used at the end of a day since the start of its month."""
    used = usage.of_organization(connection, organization, Period(day.replace(day=1).isoformat(), day.isoformat()))
    totals = {id_: usage.total(used[id_].values()) for id_ in names if id_ in used}
    return [
        UsageSample(organization, names[id_], id_, day.isoformat(), one.rows_read, one.rows_written,
                    one.storage_bytes, one.bytes_synced)
        for id_, one in totals.items()
    ]  # fmt: skip

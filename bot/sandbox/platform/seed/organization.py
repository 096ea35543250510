"""Fills an empty organization with databases and their usage up to now. Names and rows are the same each time."""

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import apsw

from bot.sandbox.platform.catalog import databases, groups, instances, usage
from bot.sandbox.platform.catalog.databases import Configuration, NewDatabase
from bot.sandbox.platform.catalog.problems import Missing
from bot.sandbox.platform.names import new_uuid
from bot.sandbox.platform.seed.company import DATABASES, GROUPS, Seeded
from bot.sandbox.platform.turso import Turso

_DAYS = 70
_WEEKEND = 0.45


def seed_organization(turso: Turso) -> None:
    """Create the company's databases, unless the organization has any."""
    if turso.catalog.run_now(databases.count, turso.organization):
        return
    created_at = turso.clock.time() - _DAYS * 86400
    made = [(seeded, new_uuid(turso.generation, at=created_at)) for seeded in DATABASES]
    sizes = [fill(turso.plane.path(database_id), seeded) for seeded, database_id in made]
    turso.catalog.run_now(_enter_all, turso, made, sizes)


def _enter_all(connection: apsw.Connection, turso: Turso, made: list[tuple[Seeded, str]], sizes: list[int]) -> None:
    for name, location in GROUPS.items():
        _place(connection, turso.organization, name, location)
    for (seeded, database_id), size_bytes in zip(made, sizes, strict=True):
        _enter(connection, turso, seeded, database_id, size_bytes)


def _place(connection: apsw.Connection, organization: str, name: str, location: str) -> None:
    try:
        groups.find(connection, organization, name)
    except Missing:
        groups.create(connection, organization, name, location)
    connection.execute(
        "UPDATE groups SET locations = ? WHERE organization = ? AND name = ?",
        (json.dumps([location]), organization, name),
    )


def fill(path: Path, seeded: Seeded) -> int:
    """Create the file with its tables and rows, and return its size."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = apsw.Connection(str(path))
    # Safe without a journal: until the file is complete, the catalogue doesn't list it, and the next start deletes
    # unlisted files. A power cut can damage a file that isn't synced yet. In that case, delete the data folder and seed
    # again.
    connection.pragma("synchronous", 0)
    connection.pragma("journal_mode", "off")
    with connection:
        for statement in seeded.kind.statements(seeded.rows):
            connection.execute(statement)
    size_bytes = int(connection.pragma("page_count")) * 4096
    connection.close()
    return size_bytes


def _enter(connection: apsw.Connection, turso: Turso, seeded: Seeded, database_id: str, size_bytes: int) -> None:
    organization, now = turso.organization, turso.clock.time()
    new = NewDatabase(database_id, organization, seeded.name, seeded.group, created_at=now - _DAYS * 86400)
    databases.create(connection, new)
    if seeded.delete_protection:
        databases.configure(connection, organization, seeded.name, Configuration(delete_protection=True))
    location = GROUPS[seeded.group]
    instance = instances.create(connection, database_id, location, location)
    usage.book(
        connection,
        _history(turso, seeded, database_id, instance.uuid, size_bytes),
        _queries(turso, seeded, database_id),
    )


def _history(turso: Turso, seeded: Seeded, database_id: str, instance: str, size_bytes: int) -> Iterator[usage.Booking]:
    """Yield usage with quiet weekends, slow growth and some noise. Some databases are busier today and yesterday."""
    now = turso.clock.now()
    for back in range(_DAYS, -1, -1):
        day = now.date() - timedelta(days=back)
        share = _share(seeded, day, back)
        if back == 0:
            share *= (now.hour * 60 + now.minute) / 1440
        storage = int(size_bytes * (1 - 0.4 * back / _DAYS)) // 4096 * 4096
        yield usage.Booking(
            database_id,
            instance,
            day.isoformat(),
            rows_read=int(seeded.read_daily * share),
            rows_written=int(seeded.written_daily * share),
            storage_bytes=storage,
        )


def _share(seeded: Seeded, day: date, back: int) -> float:
    noise = random.Random(f"{seeded.name} {day.isoformat()}").uniform(0.9, 1.1)
    weekday = _WEEKEND if day.weekday() >= 5 else 1.0
    lately = seeded.busier_lately if back < 2 else 1.0
    return noise * weekday * lately * (1 - 0.3 * back / _DAYS)


def _queries(turso: Turso, seeded: Seeded, database_id: str) -> Iterator[usage.QueryBooking]:
    """Yield the statements that the applications ran in each of the last 24 hours."""
    hour = int(turso.clock.time() // 3600)
    texts = [(text, seeded.read_daily // 24, 0) for text in seeded.kind.reads]
    texts += [(text, seeded.written_daily // 24, seeded.written_daily // 24) for text in seeded.kind.writes]
    for back in range(23, -1, -1):
        for rank, (text, read, written) in enumerate(texts, 2):
            yield usage.QueryBooking(database_id, hour - back, text, read // rank, written // rank)

"""Many databases at once, for those who ask how big an organization may become."""

import random
from datetime import timedelta

import apsw

from bot.sandbox.platform.catalog import databases, instances, usage
from bot.sandbox.platform.catalog.databases import NewDatabase
from bot.sandbox.platform.names import new_uuid
from bot.sandbox.platform.turso import Turso


def add_databases(turso: Turso, count: int, *, prefix: str = "tenant", days: int = 7) -> None:
    """Add `tenant-00001` and so on to the group `default`, with usage for some days; their files come when used."""
    turso.catalog.run_now(_add, turso, count, prefix, days)


def _add(connection: apsw.Connection, turso: Turso, count: int, prefix: str, days: int) -> None:
    chance, today = random.Random(count), turso.clock.now().date()
    for number in range(1, count + 1):
        database_id = new_uuid(turso.generation)
        name = f"{prefix}-{number:05d}"
        databases.create(
            connection, NewDatabase(database_id, turso.organization, name, "default", created_at=turso.clock.time())
        )
        instance = instances.create(connection, database_id, "local", "local")
        busy = chance.randrange(10_000)
        bookings = (
            usage.Booking(database_id, instance.uuid, str(today - timedelta(days=back)), busy, busy // 9, busy * 4096)
            for back in range(days)
        )
        usage.book(connection, bookings, ())

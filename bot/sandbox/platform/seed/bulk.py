"""Adds many databases at once, to try out the bot in a big organization."""

import random
from datetime import timedelta

import apsw

from bot.sandbox.platform.catalog.problems import Conflict
from bot.sandbox.platform.names import new_uuid
from bot.sandbox.platform.tokens import Key
from bot.sandbox.platform.turso import Turso


def add_databases(turso: Turso, count: int, *, prefix: str = "tenant", days: int = 7) -> None:
    """Add `tenant-00001` and so on to the group `default`, with usage for the last `days` days.

    The databases' files are created on first use.

    Raises:
        Conflict: some of the names exist already. Then no database is added.
    """
    try:
        turso.catalog.run_now(_add, turso, count, prefix, days)
    except apsw.ConstraintError as error:
        raise Conflict(f"some of {prefix}-… exist already") from error


def _add(connection: apsw.Connection, turso: Turso, count: int, prefix: str, days: int) -> None:
    chance, now = random.Random(count), turso.clock.now()
    booked = [str(now.date() - timedelta(days=back)) for back in range(days)]
    for number in range(1, count + 1):
        database_id = new_uuid(turso.generation, at=now.timestamp() - days * 86400)
        instance, key = new_uuid(turso.generation), Key.fresh()
        busy = chance.randrange(10_000)
        connection.execute(
            "INSERT INTO databases(id, organization, name, group_name, key_id, key_secret, created_at)"
            " VALUES (?, ?, ?, 'default', ?, ?, ?)",
            (database_id, turso.organization, f"{prefix}-{number:05d}", key.id, key.secret, now.timestamp()),
        )
        connection.execute(
            "INSERT INTO instances(uuid, database_id, name, type, region) VALUES (?, ?, 'local', 'primary', 'local')",
            (instance, database_id),
        )
        connection.executemany(
            "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, 0)",
            [(database_id, instance, day, busy, busy // 9, busy * 4096) for day in booked],
        )

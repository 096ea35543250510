"""A spike: a database that is suddenly used a lot, as a missing index or a loop makes it."""

from dataclasses import dataclass

from bot.sandbox.platform.catalog import usage
from bot.sandbox.platform.catalog.usage import Booking
from bot.sandbox.platform.turso import Turso


@dataclass(frozen=True)
class Spike:
    """What is used in addition, and the statement that is to blame."""

    rows_read: int = 0
    rows_written: int = 0
    bytes_synced: int = 0
    query: str = "SELECT * FROM orders WHERE lower(email) = ?"


async def make_spike(turso: Turso, organization: str, name: str, spike: Spike) -> None:
    """Count the usage as that of now, without running anything, and block what it uses up. Raises Missing."""
    target = await turso.target(organization, name)
    database_id = target.database.id
    instance = target.primary.uuid if target.primary else database_id
    turso.meter.ran(database_id, instance, spike.query, spike.rows_read, spike.rows_written)
    await turso.flush()
    if spike.bytes_synced:
        synced = Booking(database_id, instance, turso.clock.today(), 0, 0, None, spike.bytes_synced)
        await turso.read(usage.book, [synced], [])
    await turso.enforce_quotas()

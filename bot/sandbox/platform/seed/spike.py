"""Records a spike: sudden heavy usage of a database, such as a query without an index causes."""

from dataclasses import dataclass

from bot.sandbox.platform.catalog import usage
from bot.sandbox.platform.catalog.usage import Booking
from bot.sandbox.platform.turso import Turso


@dataclass(frozen=True)
class Spike:
    """The additional usage, and the statement that causes it."""

    rows_read: int = 0
    rows_written: int = 0
    bytes_synced: int = 0
    query: str = "SELECT * FROM orders WHERE lower(email) = ?"


async def make_spike(turso: Turso, organization: str, name: str, spike: Spike) -> None:
    """Record usage in the current hour, without running anything, and apply the quotas. Raises Missing."""
    target = await turso.target(organization, name)
    database_id = target.database.id
    instance = target.primary.uuid if target.primary else database_id
    turso.meter.ran(database_id, instance, spike.query, spike.rows_read, spike.rows_written)
    await turso.flush()
    if spike.bytes_synced:
        synced = Booking(database_id, instance, turso.clock.today(), 0, 0, None, spike.bytes_synced)
        await turso.read(usage.book, [synced], [])
    await turso.enforce_quotas()

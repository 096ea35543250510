"""Turso's plans: the price, the quotas per month, and how far back databases can be copied.

Source: https://turso.tech/pricing and https://docs.turso.tech/features/point-in-time-recovery
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

_GB = 1_000_000_000


@dataclass(frozen=True)
class Plan:
    """A plan. `name` and the keys of `quotas` are the API's. A quota of None means that there is no limit."""

    name: str
    price: str
    retention: timedelta
    quotas: dict[str, int | None]

    def shape(self) -> dict[str, Any]:
        """Return the plan as the API's `OrganizationPlan`."""
        prices = [{"value": self.price, "timeline": "monthly"}]
        return {"name": self.name, "price": self.price, "prices": prices, "quotas": self.quotas}


def _quotas(
    rows_read: int, rows_written: int, storage: int, synced: int, databases: int | None = None
) -> dict[str, Any]:
    return {
        "rowsRead": rows_read,
        "rowsWritten": rows_written,
        "databases": databases,
        "locations": 6,
        "storage": storage * _GB,
        "groups": 10 if databases is None else 1,
        "bytesSynced": synced * _GB,
    }


PLANS: Final = {
    plan.name: plan
    for plan in (
        Plan("starter", "0", timedelta(hours=24), _quotas(500_000_000, 10_000_000, 5, 3, databases=100)),
        Plan("developer", "4.99", timedelta(days=10), _quotas(2_500_000_000, 25_000_000, 9, 10)),
        Plan("scaler", "24.92", timedelta(days=30), _quotas(100_000_000_000, 100_000_000, 24, 24)),
        Plan("pro", "416.58", timedelta(days=90), _quotas(250_000_000_000, 250_000_000, 50, 100)),
    )
}
DEFAULT: Final = "scaler"

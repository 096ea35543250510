"""The seeded organization: its databases, and how busy they are."""

from dataclasses import dataclass

from bot.sandbox.platform.seed import schemas
from bot.sandbox.platform.seed.schemas import Kind

GROUPS = {"default": "aws-us-east-1", "europe": "aws-eu-west-1"}


@dataclass(frozen=True)
class Seeded:
    """A database, with the rows that are read and written on an ordinary day.

    Today and yesterday, its usage is multiplied by `busier_lately`.
    """

    name: str
    group: str
    kind: Kind
    rows: int
    read_daily: int
    written_daily: int
    delete_protection: bool = False
    busier_lately: float = 1.0


DATABASES = (
    Seeded("analytics", "default", schemas.EVENTS, 6000, 21_400_000, 310_000, busier_lately=5.2),
    Seeded("feature-flags", "default", schemas.FLAGS, 60, 880_000, 40),
    Seeded("inventory", "default", schemas.STOCK, 1200, 1_950_000, 22_000),
    Seeded("orders", "default", schemas.ORDERS, 3000, 4_200_000, 61_000, busier_lately=1.6),
    Seeded("prod-billing", "default", schemas.BILLING, 1500, 930_000, 8_400, delete_protection=True),
    Seeded("staging-orders", "default", schemas.ORDERS, 200, 31_000, 1_100),
    Seeded("users", "default", schemas.USERS, 2000, 6_700_000, 44_000),
    Seeded("orders-eu", "europe", schemas.ORDERS, 1800, 2_600_000, 37_000),
    Seeded("prod-ledger", "europe", schemas.LEDGER, 2500, 540_000, 12_000, delete_protection=True),
    Seeded("search-eu", "europe", schemas.DOCUMENTS, 900, 3_100_000, 2_300),
    Seeded("staging-users", "europe", schemas.USERS, 150, 12_000, 380),
    Seeded("users-eu", "europe", schemas.USERS, 1400, 3_900_000, 26_000),
)

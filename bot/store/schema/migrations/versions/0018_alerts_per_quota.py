"""Allow an alert about a quota to be raised again in its period for another quota."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PREVENTS_REPEAT = "(\"end\" IS NULL OR \"end\" NOT IN ('off', 'unwatched', 'unknown'))"
ABOUT_QUOTAS = "('quota', 'forecast')"


def upgrade() -> None:
    """Create the unique index again without alerts about quotas, which get one of their own."""
    once = sa.text(f"{PREVENTS_REPEAT} AND kind NOT IN {ABOUT_QUOTAS}")
    per_quota = sa.text(f"{PREVENTS_REPEAT} AND kind IN {ABOUT_QUOTAS}")
    columns = ["channel_id", "key", "period"]
    op.drop_index("alerts_once", table_name="alerts")
    op.create_index("alerts_once", "alerts", columns, unique=True, sqlite_where=once, postgresql_where=once)
    op.create_index(
        "alerts_once_per_quota",
        "alerts",
        [*columns, "compared"],
        unique=True,
        sqlite_where=per_quota,
        postgresql_where=per_quota,
    )

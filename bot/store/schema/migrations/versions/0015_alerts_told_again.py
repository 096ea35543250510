"""Allow an alert that ended as `off` or `unwatched` to be raised again in its period."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Recreate the unique index so that it leaves out such alerts."""
    where = sa.text("\"end\" IS NULL OR \"end\" NOT IN ('off', 'unwatched')")
    op.drop_index("alerts_once", table_name="alerts")
    op.create_index(
        "alerts_once",
        "alerts",
        ["channel_id", "key", "period"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )

"""Store the plan's quotas with each hour's usage, so that one odd answer about the plan ends no alert."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. It is empty for the hours before."""
    op.add_column("usage_readings", sa.Column("limits", sa.Text(), nullable=True))

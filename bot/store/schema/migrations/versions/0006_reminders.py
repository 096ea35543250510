"""Add the time at which a request's approvers were last reminded."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("requests", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))

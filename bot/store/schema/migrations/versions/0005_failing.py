"""Add failure counts and retry times of timers, and the failing background loops of each process."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("timers", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("timers", sa.Column("cause", sa.Text(), nullable=False, server_default=""))
    op.add_column("timers", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("processes", sa.Column("failing", sa.Text(), nullable=False, server_default=""))

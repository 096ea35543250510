"""Add delegations, and to votes: on whose behalf they were cast, and the schedules that allowed them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and add the columns."""
    op.create_table(
        "delegations",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("delegate", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    op.add_column("votes", sa.Column("on_behalf_of", sa.Text(), nullable=False, server_default=""))
    op.add_column("votes", sa.Column("schedules", sa.Text(), nullable=False, server_default=""))

"""Add a table of decisions: which request decides on the result of another one."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "decisions",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
        comment="Which request decides on the result of another request, the subject. There is at most one for each.",
    )
    op.create_index("decisions_request_id", "decisions", ["request_id"])

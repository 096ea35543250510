"""Make the numbers in usage samples nullable, because Turso doesn't always return them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBERS = ("rows_read", "rows_written", "storage_bytes", "bytes_synced")


def upgrade() -> None:
    """Make the columns nullable."""
    with op.batch_alter_table("samples") as samples:
        for name in NUMBERS:
            samples.alter_column(name, existing_type=sa.BigInteger(), nullable=True)

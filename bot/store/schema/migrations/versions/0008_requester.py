"""Rename columns of requests to the glossary's terms: requester and operation."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the columns, and an index that has the name of one."""
    for old, new in (("asker", "requester"), ("asker_team", "requester_team"), ("deed_hash", "operation_hash")):
        op.execute(sa.text(f"ALTER TABLE requests RENAME COLUMN {old} TO {new}"))
    op.drop_index("requests_asker", "requests")
    op.create_index("requests_requester", "requests", ["requester", "state", "created_at"])

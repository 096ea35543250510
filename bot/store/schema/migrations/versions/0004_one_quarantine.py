"""Allow at most one open quarantine per database."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAMES = ("id", "kind", "database_id", "placed_at", "released_at")


def upgrade() -> None:
    """Release all but the newest quarantine of a database, which can be undone for longest, and add a unique index."""
    held = sa.table("holds", *map(sa.column, NAMES))
    later = held.alias("later")
    is_later = (
        _open(later)
        & (later.c.database_id == held.c.database_id)
        & (sa.tuple_(later.c.placed_at, later.c.id) > sa.tuple_(held.c.placed_at, held.c.id))
    )
    since = sa.select(sa.func.min(later.c.placed_at)).where(is_later).scalar_subquery()
    op.execute(sa.update(held).where(_open(held), sa.exists().where(is_later)).values(released_at=since))
    where = sa.text("kind = 'quarantine' AND released_at IS NULL")
    op.create_index(
        "holds_quarantine", "holds", ["database_id"], unique=True, sqlite_where=where, postgresql_where=where
    )


def _open(table: sa.FromClause) -> sa.ColumnElement[bool]:
    return (table.c.kind == sa.text("'quarantine'")) & table.c.released_at.is_(None)

"""Tables about databases: tokens, holds and branches."""

from sqlalchemy import Boolean, Column, Index, Table, Text, text

from bot.core.records.branches import BranchState
from bot.core.records.holds import HoldKind
from bot.core.records.tokens import TokenState
from bot.store.schema.column_types import EnumText, SafeText, UtcDateTime
from bot.store.schema.tables.shared import metadata

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("organization", SafeText, nullable=False),
    Column("database", SafeText, nullable=False),
    Column("database_id", SafeText, nullable=False),
    Column("group", SafeText),
    Column("read_only", Boolean, nullable=False),
    Column("holder", SafeText, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("minted_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("fingerprint", Text, nullable=False),
    Column("state", EnumText(TokenState), nullable=False),
)
Index("tokens_newest", tokens.c.organization, tokens.c.minted_at)
Index("tokens_database", tokens.c.database_id, tokens.c.minted_at)
Index("tokens_holder", tokens.c.holder, tokens.c.minted_at)
Index("tokens_expiry", tokens.c.organization, tokens.c.expires_at)

holds = Table(
    "holds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", EnumText(HoldKind), nullable=False),
    Column("organization", SafeText, nullable=False),
    Column("database", SafeText, nullable=False),
    Column("database_id", SafeText, nullable=False),
    Column("block_reads", Boolean, nullable=False),
    Column("block_writes", Boolean, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("released_at", UtcDateTime),
)
_held = holds.c.released_at.is_(None)
Index("holds_placed", holds.c.organization, holds.c.database_id, sqlite_where=_held, postgresql_where=_held)
_open_quarantine = (holds.c.kind == text("'quarantine'")) & _held
Index(
    "holds_quarantine",
    holds.c.database_id,
    unique=True,
    sqlite_where=_open_quarantine,
    postgresql_where=_open_quarantine,
)
"""Allows at most one open quarantine per database, even if processes place them at the same time."""

branches = Table(
    "branches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization", SafeText, nullable=False),
    Column("database", SafeText, nullable=False),
    Column("database_id", SafeText, nullable=False),
    Column("source", SafeText, nullable=False),
    Column("source_id", SafeText, nullable=False),
    Column("owner", SafeText, nullable=False),
    Column("channel_id", SafeText, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime),
    Column("state", EnumText(BranchState), nullable=False),
)
Index("branches_of", branches.c.organization, branches.c.database_id)

"""What is committed together with a change of a request's state."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, update

from bot.core.ports import Move
from bot.core.request import Timer, TokenState
from bot.store import chain
from bot.store.room import Enqueuer
from bot.store.rows import insert_newest, values
from bot.store.tables import holds, requests, reviews, timers, tokens

NOT_BY_MOVE = frozenset({"id", "intent_id", "state", "plan", "deed_hash", "sent_at", "updated_at"})
MOVABLE = frozenset(column.name for column in requests.c) - NOT_BY_MOVE


def columns_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a move sets, as column values."""
    if unknown := changes.keys() - MOVABLE:
        raise ValueError(f"a move cannot set {sorted(unknown)}")
    return dict(changes)


def bring(connection: Connection, request_id: str, move: Move, enqueuer: Enqueuer) -> None:
    """Write all that a move brings besides the state itself; the audit entries last."""
    if move.cancel:
        connection.execute(delete(timers).where(timers.c.subject == request_id, timers.c.kind.in_(list(move.cancel))))
    set_timers(connection, move.timers)
    release(connection, move.release_holds, move.at)
    if move.holds:
        connection.execute(holds.insert(), [values(hold) for hold in move.holds])
    if move.end_tokens_of:
        end_tokens(connection, move.end_tokens_of)
    if move.reviews:
        connection.execute(reviews.insert(), [values(review) for review in move.reviews])
    if move.enqueue is not None:
        enqueuer.enqueue(connection, request_id, move.enqueue)
    chain.append(connection, move.entries)


def set_timers(connection: Connection, due: Sequence[Timer]) -> None:
    """One for each kind and subject: a second one moves the first."""
    insert_newest(connection, timers, [values(timer) for timer in due])


def release(connection: Connection, hold_ids: Sequence[str], at: datetime, *, keeps_timers: bool = False) -> int:
    """Release holds and drop their timers; returns how many were still held."""
    if not hold_ids:
        return 0
    held = holds.c.id.in_(list(hold_ids)) & holds.c.released_at.is_(None)
    done = connection.execute(update(holds).where(held).values(released_at=at))
    if not keeps_timers:
        connection.execute(delete(timers).where(timers.c.subject.in_(list(hold_ids))))
    return done.rowcount


def end_tokens(connection: Connection, database_ids: Sequence[str]) -> None:
    """Write that the tokens of these databases are no more."""
    ended = tokens.c.database_id.in_(list(database_ids)) & tokens.c.state.in_([TokenState.LIVE, TokenState.UNKNOWN])
    connection.execute(update(tokens).where(ended).values(state=TokenState.ENDED))

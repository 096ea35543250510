"""Write the side effects of a transition, in the transaction that changes a request's state."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, select, update

from bot.core.records.holds import CLOCKS_DIFFER, Hold, HoldKind
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import TokenState
from bot.core.requests.request import State
from bot.core.requests.transition import Closing, Revocation, Transition
from bot.store.connections.rows import insert_new, insert_newest, many, values
from bot.store.repositories import audit_chain
from bot.store.repositories.name_lists import any_of
from bot.store.repositories.repository import Enqueuer
from bot.store.schema.tables import (
    branches,
    decisions,
    holds,
    outcome_notices,
    requests,
    reviews,
    sent,
    timers,
    tokens,
    votes,
)

NOT_BY_MOVE = frozenset({"id", "intent_id", "state", "plan", "operation_hash", "sent_at", "updated_at", "reminded_at"})
MOVABLE = frozenset(column.name for column in requests.c) - NOT_BY_MOVE


WITHOUT_EFFECT = frozenset({State.DENIED, State.CANCELLED, State.EXPIRED, State.STALE, State.FAILED, State.RESTORED})
"""Outcomes after which a request no longer decides on the result of another request.

The change wasn't made, at least not completely, or was undone. After `STALE`, a request that was sent still decides.
"""
LEASE = timedelta(seconds=60)
"""How long the process that committed an outcome has to notify people. After that, a timer does it."""


class Conflict(Exception):
    """Raised if another request prevents a transition. The transaction is rolled back."""


class QuarantineOpen(Conflict):
    """Raised if a database already has an open quarantine."""


class AlreadyDecided(Conflict):
    """Raised if another request has already decided on the result of a request."""


def columns_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a transition sets, as column values. Raises ValueError for other fields."""
    if unknown := changes.keys() - MOVABLE:
        raise ValueError(f"a move cannot set {sorted(unknown)}")
    return dict(changes)


def is_sent(connection: Connection, request_id: str) -> bool:
    """Return True if a phase of a request is marked as sent. Locks the request until the commit."""
    connection.execute(select(requests.c.id).where(requests.c.id == request_id).with_for_update())
    return connection.execute(select(sent.c.phase).where(sent.c.request_id == request_id)).first() is not None


def apply_side_effects(connection: Connection, request_id: str, move: Transition, enqueuer: Enqueuer) -> None:
    """Write everything in a transition except the request's own row and notice. The audit entries come last."""
    if move.cancel:
        connection.execute(delete(timers).where(timers.c.subject == request_id, timers.c.kind.in_(list(move.cancel))))
    set_timers(connection, move.timers)
    if move.only_unsent:
        _drop_prepared(connection, request_id, move.at)
    # If a request becomes stale after it was sent, something may have been changed, so it still decides.
    if move.to in WITHOUT_EFFECT and not (move.to is State.STALE and is_sent(connection, request_id)):
        connection.execute(delete(decisions).where(decisions.c.request_id == request_id))
    if move.frees:
        mine = (decisions.c.request_id == request_id) & decisions.c.subject.in_(move.frees)
        connection.execute(delete(decisions).where(mine))
    for subject in move.decides:
        row = {"subject": subject, "request_id": request_id}
        if not insert_new(connection, decisions, row) and decider(connection, [subject]) != request_id:
            raise AlreadyDecided(subject)
    closed = [closing for closing in move.closes if _close(connection, closing, move.at)]
    if closed:
        _keep_as_freezes(connection, [closing.request_id for closing in closed], move.release_holds)
    release(connection, move.release_holds, move.at)
    _place(connection, move.holds)
    if move.end_tokens_of:
        end_tokens_of(connection, move.end_tokens_of)
    for revocation in move.revokes:
        revoke_tokens(connection, revocation)
    if move.reviews:
        connection.execute(reviews.insert(), [values(review) for review in move.reviews])
    if move.branches:
        connection.execute(branches.insert(), [values(branch) for branch in move.branches])
    insert_newest(connection, votes, [values(vote) for vote in move.votes])  # replaces an earlier vote
    if move.enqueue is not None:
        enqueuer.enqueue(connection, request_id, move.enqueue)
    audit_chain.append(connection, [*(closing.entry for closing in closed), *move.entries])


def decider(connection: Connection, subjects: Sequence[str]) -> str | None:
    """Return the ID of the request that decides on any of these IDs, or None."""
    query = select(decisions.c.request_id).where(decisions.c.subject.in_(subjects))
    return connection.execute(query).scalars().first()


def _place(connection: Connection, placed: Sequence[Hold]) -> None:
    """Insert holds. A unique index allows one open quarantine per database, even between concurrent transactions."""
    others = [values(hold) for hold in placed if hold.kind is not HoldKind.QUARANTINE]
    if others:
        connection.execute(holds.insert(), others)
    for hold in placed:
        if hold.kind is HoldKind.QUARANTINE and not insert_new(connection, holds, values(hold)):
            raise QuarantineOpen(hold.database_id)


def _close(connection: Connection, closing: Closing, at: datetime) -> bool:
    """End an open quarantine with its timers, but not its hold, and record a pending notice of that.

    Returns False if it is no longer open.
    """
    waits = (requests.c.id == closing.request_id) & (requests.c.state == State.QUARANTINED)
    ended = {"state": State.STALE, "outcome": closing.outcome, "due_at": None, "updated_at": at}
    if connection.execute(update(requests).where(waits).values(ended)).rowcount != 1:
        return False
    connection.execute(delete(timers).where(timers.c.subject == closing.request_id))
    owe(connection, closing.request_id, State.STALE, at)
    return True


def _keep_as_freezes(connection: Connection, request_ids: Sequence[str], released: Sequence[str]) -> None:
    """Turn the holds of quarantines that have ended into freezes.

    The databases are still blocked, until the request that replaces the quarantines is complete or somebody thaws them.

    Args:
        released: the holds that this transaction releases next. They are locked together with the others, in order.
    """
    mine = holds.c.request_id.in_(list(request_ids)) & holds.c.released_at.is_(None)
    _lock_with_others(connection, mine | holds.c.id.in_(list(released)))
    quarantine = mine & (holds.c.kind == HoldKind.QUARANTINE)
    connection.execute(update(holds).where(quarantine).values(kind=HoldKind.FREEZE, due_at=None))


def _lock_with_others(connection: Connection, these: ColumnElement[bool]) -> list[Hold]:
    """Lock the active holds of the databases of some holds until the commit, and return them.

    So of two transactions that release holds of a database, the second sees what the first has changed. All lock in the
    order of the IDs, so that no two wait for each other.
    """
    databases = select(holds.c.database_id).where(these)
    active = holds.c.database_id.in_(databases) & holds.c.released_at.is_(None)
    return many(connection, Hold, select(holds).where(active).order_by(holds.c.id).with_for_update())


def _drop_prepared(connection: Connection, request_id: str, at: datetime) -> None:
    """Release the holds of a change that wasn't sent, except some found blocks, and delete its open reviews."""
    other = holds.alias("other")
    needed_by = exists().where(
        (other.c.database_id == holds.c.database_id)
        & (other.c.request_id != request_id)
        & (other.c.kind != HoldKind.FOUND)
        & other.c.released_at.is_(None)
    )
    # A found block is kept while the database has other holds, because it applies to them, too.
    goes = (holds.c.kind != HoldKind.FOUND) | ~needed_by
    held = select(holds.c.id).where(holds.c.request_id == request_id, holds.c.released_at.is_(None), goes)
    release(connection, list(connection.scalars(held)), at)
    owed = (reviews.c.request_id == request_id) & reviews.c.reviewed_at.is_(None)
    for review_id in connection.scalars(select(reviews.c.id).where(owed)).all():
        connection.execute(delete(timers).where(timers.c.subject == review_id, timers.c.kind == TimerKind.REVIEW))
    connection.execute(delete(reviews).where(owed))


def set_timers(connection: Connection, due: Sequence[Timer]) -> None:
    """Set timers. Each replaces a timer of the same kind and subject."""
    insert_newest(connection, timers, [values(timer) for timer in due])


def release(connection: Connection, hold_ids: Sequence[str], at: datetime, *, keeps_timers: bool = False) -> int:
    """Release holds, and delete their timers. Returns how many were still active.

    If two holds of a database end at the same time, each leaves the blocks that both need, because the other one is
    still active. So if another hold ended while one was active, a timer removes the blocks that no hold needs. With
    `keeps_timers`, no timer is deleted or set, because the timer that is firing does that.
    """
    if not hold_ids:
        return 0
    locked = _lock_with_others(connection, holds.c.id.in_(list(hold_ids)))
    ended = [hold for hold in locked if hold.id in hold_ids]
    connection.execute(update(holds).where(holds.c.id.in_([hold.id for hold in ended])).values(released_at=at))
    if not keeps_timers:
        old = timers.c.subject.in_(list(hold_ids)) & (timers.c.kind != TimerKind.UNBLOCK)
        connection.execute(delete(timers).where(old))
        left = [hold.id for hold in ended if _may_have_got_blocks(connection, hold, hold_ids)]
        set_timers(connection, [Timer(TimerKind.UNBLOCK, hold_id, at) for hold_id in left])
    return len(ended)


def release_found(connection: Connection, hold_id: str, at: datetime) -> None:
    """Release the found blocks of a hold's database if no other hold of it is active. Call this after `release`."""
    database = select(holds.c.database_id).where(holds.c.id == hold_id).scalar_subquery()
    active = (holds.c.database_id == database) & holds.c.released_at.is_(None)
    others = select(holds.c.id).where(active & (holds.c.kind != HoldKind.FOUND)).limit(1)
    if connection.execute(others).first() is None:
        connection.execute(update(holds).where(active).values(released_at=at))


def _may_have_got_blocks(connection: Connection, hold: Hold, ended: Sequence[str]) -> bool:
    """Return True if another hold of the database ended while this one was active, and didn't end together with it.

    Found blocks don't count, and for one the result is False. Because of `CLOCKS_DIFFER`, the result may also be True
    if the other hold ended up to a minute before.
    """
    if hold.kind is HoldKind.FOUND:
        return False
    others = (holds.c.database_id == hold.database_id) & holds.c.id.not_in(list(ended))
    since = holds.c.released_at >= hold.placed_at - CLOCKS_DIFFER
    query = select(holds.c.id).where(others & since & (holds.c.kind != HoldKind.FOUND)).limit(1)
    return connection.execute(query).first() is not None


def end_tokens_of(connection: Connection, database_ids: Sequence[str]) -> None:
    """Mark the tokens of deleted databases as ended. Tokens that were refused or are being minted keep their state."""
    may_work = [TokenState.LIVE, TokenState.UNKNOWN, TokenState.REVOKED]
    ended = any_of(connection, tokens.c.database_id, database_ids) & tokens.c.state.in_(may_work)
    connection.execute(update(tokens).where(ended).values(state=TokenState.ENDED))


def revoke_tokens(connection: Connection, revocation: Revocation) -> None:
    """Mark the tokens that were minted before a rotation as revoked or ended.

    Tokens that have ended, were refused or are being minted keep their state.
    """
    may_work = [TokenState.LIVE, TokenState.UNKNOWN, TokenState.REVOKED]
    old = (
        any_of(connection, tokens.c.database_id, revocation.database_ids)
        & tokens.c.state.in_(may_work)
        & (tokens.c.minted_at < revocation.minted_before)
    )
    connection.execute(update(tokens).where(old).values(state=revocation.to))


def owe(connection: Connection, subject: str, event: str, at: datetime) -> None:
    """Record a pending notice of an outcome, even if there was an earlier one, and set its timer."""
    this = (outcome_notices.c.subject == subject) & (outcome_notices.c.event == event)
    connection.execute(delete(outcome_notices).where(this))
    owe_once(connection, subject, event, at)


def owe_once(connection: Connection, subject: str, event: str, at: datetime) -> bool:
    """Record a pending notice and set its timer, unless the notice is already recorded.

    Returns True if it was recorded now.
    """
    row = {"subject": subject, "event": event, "person": "", "owed_at": at, "told_at": None, "how": ""}
    if not insert_new(connection, outcome_notices, row):
        return False
    set_timers(connection, [Timer(TimerKind.NOTIFY, subject, at + LEASE)])
    return True

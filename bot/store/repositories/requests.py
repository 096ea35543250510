"""Requests and their votes. A request's state only changes by compare-and-set."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zlib import crc32

import structlog
from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, union_all, update

from bot.core.records.audit_entry import AuditEntry
from bot.core.requests.request import ENDS, Request, State, Vote
from bot.core.requests.transition import Transition
from bot.errors import ReviewOwed
from bot.store.connections.database import Database, lock_until_commit
from bot.store.connections.rows import insert_new, many, record, values
from bot.store.repositories import audit_chain, transitions
from bot.store.repositories.repository import Enqueuer, Repository
from bot.store.schema.column_types import UtcDateTime
from bot.store.schema.tables import decisions, intents, requests, reviews, sent, votes

log = structlog.get_logger(__name__)


class Requests(Repository):
    """The requests, with their states and outcomes."""

    def __init__(self, database: Database, enqueuer: Enqueuer) -> None:
        super().__init__(database)
        self._enqueuer = enqueuer

    async def open(self, request: Request, move: Transition, *, unless_owing: bool = False) -> Request:
        """Insert a request with the side effects of `move` and close its intent, in one transaction.

        Returns an existing request, and only closes the intent, if the requester has a pending request for the same
        operation, if the intent already has a request (two processes may resume one intent), or if another request is
        making a change that only one request at a time may make.

        With `unless_owing`, raises ReviewOwed and inserts nothing if the request needs a review and another break-glass
        operation of the requester still waits for one.
        """

        def work(connection: Connection) -> Request:
            row = values(request, without=frozenset({"votes"})) | {"operation_hash": request.plan.operation_hash}
            row |= transitions.columns_of(move.changes) | {"state": move.to, "updated_at": move.at}
            row["facts"] = {**row["facts"], **move.adds}
            close = update(intents).where(intents.c.id == request.intent_id).values(is_open=False)
            connection.execute(close)
            if move.decides and (under_way := transitions.decider(connection, move.decides)) is not None:
                return _read(connection, under_way)
            if move.reviews:
                _lock_reviews(connection, request.requester, may_owe=not unless_owing)
            while not insert_new(connection, requests, row):
                # If there is none, the conflicting request is no longer pending, and the insert succeeds now.
                if same := _the_same(connection, request):
                    return same
            transitions.apply_side_effects(connection, request.id, move, self._enqueuer)
            return _read(connection, request.id)

        try:
            opened = await self._database.write(work)
        except transitions.AlreadyDecided:  # by a concurrent transaction, so the second attempt finds its decision
            opened = await self._database.write(work)
        if opened.id == request.id:
            _log("request.opened", opened)
        return opened

    async def get(self, request_id: str) -> Request | None:
        """Return a request with its votes."""
        query = select(requests).where(requests.c.id == request_id)
        found = await self._database.read(lambda connection: with_votes(connection, query))
        return found[0] if found else None

    async def find(
        self,
        *,
        states: Sequence[State],
        channel_id: str | None = None,
        requester: str | None = None,
        command: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[Request]:
        """Return the matching requests, newest first. `since` selects those that have changed since that time."""
        if not states:
            return []
        about = []
        about += [requests.c.channel_id == channel_id] if channel_id is not None else []
        about += [requests.c.requester == requester] if requester is not None else []
        about += [requests.c.command == command] if command is not None else []
        about += [requests.c.updated_at >= since] if since is not None else []
        query = _newest(states, about, limit)
        return await self._database.read(lambda connection: with_votes(connection, query))

    async def count(self, states: Sequence[State]) -> int:
        """Return how many requests are in one of these states."""
        query = select(func.count()).select_from(requests).where(requests.c.state.in_(list(states)))
        return await self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    async def move(self, request_id: str, *, expect: Sequence[State], move: Transition) -> Request | None:
        """Set the state by compare-and-set. Returns None, and writes nothing, if the state isn't an expected one.

        Also returns None if the transition is only for unsent requests and the request is marked as sent, if it places
        a quarantine on a database that already has one, or if it decides on something on which another request has
        already decided.
        """

        def work(connection: Connection) -> Request | None:
            if move.only_unsent and transitions.is_sent(connection, request_id):
                return None
            there = (requests.c.id == request_id) & requests.c.state.in_(list(expect))
            changes = transitions.columns_of(move.changes) | {"state": move.to, "updated_at": move.at}
            if move.adds:
                # Locked until the commit, so that facts from another transaction are kept.
                known = connection.execute(select(requests.c.facts).where(there).with_for_update()).scalar()
                changes["facts"] = {**(known or {}), **changes.get("facts", {}), **move.adds}
            if connection.execute(update(requests).where(there).values(changes)).rowcount != 1:
                return None
            transitions.apply_side_effects(connection, request_id, move, self._enqueuer)
            if move.to in ENDS and move.notifies:
                transitions.owe(connection, request_id, move.to, move.at)
            return _read(connection, request_id)

        try:
            moved = await self._database.write(work)
        except transitions.Conflict:
            return None
        if moved is not None:
            _log("request.moved", moved)
        return moved

    async def decided_by(self, *subjects: str) -> Request | None:
        """Return the request that decides on any of these IDs: of a request, or of the database that it created.

        None if there is none.
        """
        query = select(requests).join(decisions, decisions.c.request_id == requests.c.id)
        query = query.where(decisions.c.subject.in_(subjects))
        found = await self._database.read(lambda connection: with_votes(connection, query))
        return found[0] if found else None

    async def vote(self, vote: Vote, *, entry: AuditEntry) -> Request | None:
        """Add a vote to a pending request. Returns None if it isn't pending.

        A person's second vote is ignored, unless the first one is an approval with another `on_behalf_of`. Then the new
        vote replaces it, because the first one may no longer count. The entry is only written if the vote is stored.
        """

        def work(connection: Connection) -> Request | None:
            pending = (requests.c.id == vote.request_id) & (requests.c.state == State.PENDING)
            # Locked until the commit, so that the vote and a transition of the request wait for each other.
            query = select(requests.c.id).where(pending).with_for_update()
            if connection.execute(query).first() is None:
                return None
            row = values(vote)
            other = (votes.c.request_id == vote.request_id) & (votes.c.user_id == vote.user_id) & votes.c.approves
            other &= votes.c.on_behalf_of != vote.on_behalf_of
            again = update(votes).where(other).values(row)
            if insert_new(connection, votes, row) or connection.execute(again).rowcount == 1:
                audit_chain.append(connection, [entry])
            return _read(connection, vote.request_id)

        return await self._database.write(work)

    async def mark_reminded(self, request_id: str, at: datetime, *, before: datetime, entry: AuditEntry) -> bool:
        """Set `reminded_at` by compare-and-set.

        Returns False if the request isn't pending, or its approvers were reminded since `before`.
        """
        last = requests.c.reminded_at
        may = (requests.c.id == request_id) & (requests.c.state == State.PENDING) & (last.is_(None) | (last <= before))

        def work(connection: Connection) -> bool:
            if connection.execute(update(requests).where(may).values(reminded_at=at)).rowcount != 1:
                return False
            audit_chain.append(connection, [entry])
            return True

        return await self._database.write(work)

    async def mark_sent(self, request_id: str, phase: str, at: datetime) -> bool:
        """Mark a phase as sent by compare-and-set, while the request is EXECUTING.

        If this returns False, the change must not be sent: the phase was already marked, or the request is no longer
        EXECUTING, for example because it was denied, withdrawn or expired.
        """

        def work(connection: Connection) -> bool:
            under_way = (requests.c.id == request_id) & (requests.c.state == State.EXECUTING)
            # Locked until the commit, so that this and a denial of the request wait for each other.
            if connection.execute(select(requests.c.id).where(under_way).with_for_update()).first() is None:
                return False
            if not insert_new(connection, sent, {"request_id": request_id, "phase": phase, "at": at}):
                return False
            first = func.coalesce(requests.c.sent_at, literal(at, UtcDateTime))
            connection.execute(update(requests).where(requests.c.id == request_id).values(sent_at=first))
            return True

        return await self._database.write(work)

    async def was_sent(self, request_id: str, phase: str) -> bool:
        """Return True if `mark_sent` has marked this phase."""
        query = select(sent.c.at).where(sent.c.request_id == request_id, sent.c.phase == phase)
        return await self._database.read(lambda connection: connection.execute(query).first() is not None)


def _lock_reviews(connection: Connection, person: str, *, may_owe: bool) -> None:
    """Lock the reviews of a person's operations until the commit.

    Raises ReviewOwed if one of them is open and `may_owe` is False.
    """
    lock_until_commit(connection, crc32(f"review owed by {person}".encode()))
    owed = select(reviews.c.id).where(reviews.c.actor == person, reviews.c.reviewed_at.is_(None))
    if not may_owe and connection.execute(owed).first() is not None:
        raise ReviewOwed


def _newest(states: Sequence[State], about: Sequence[ColumnElement[bool]], limit: int | None) -> Any:
    """Select the newest requests. A short index scan per state is faster than one scan over all states."""

    def of(state: State) -> Any:
        query: Select[Any] = select(requests.c.id, requests.c.created_at).where(requests.c.state == state, *about)
        return select(query.order_by(requests.c.created_at.desc()).limit(limit).subquery())

    newest = union_all(*(of(state) for state in dict.fromkeys(states))).subquery()
    return (
        select(requests)
        .join(newest, newest.c.id == requests.c.id)
        .order_by(requests.c.created_at.desc(), requests.c.id.desc())
        .limit(limit)
    )


def _the_same(connection: Connection, request: Request) -> Request | None:
    pending = (requests.c.requester == request.requester) & (requests.c.operation_hash == request.plan.operation_hash)
    for there in (
        requests.c.id == request.id,
        (requests.c.intent_id == request.intent_id) & (requests.c.intent_id != ""),
        pending & (requests.c.state == State.PENDING),
    ):
        if found := with_votes(connection, select(requests).where(there)):
            return found[0]
    return None


def _read(connection: Connection, request_id: str) -> Request:
    return with_votes(connection, select(requests).where(requests.c.id == request_id))[0]


def with_votes(connection: Connection, query: Any) -> list[Request]:
    """Return the requests that a query finds, each with its votes."""
    rows = connection.execute(query).all()
    if not rows:
        return []
    cast: dict[str, list[Vote]] = {row.id: [] for row in rows}
    of_these = votes.c.request_id.in_(list(cast))
    for vote in many(connection, Vote, select(votes).where(of_these).order_by(votes.c.at, votes.c.user_id)):
        cast[vote.request_id].append(vote)
    return [record(Request, row, votes=tuple(cast[row.id])) for row in rows]


def _log(event: str, request: Request) -> None:
    """Log a request's state, so that its outcome can be found in the log by its ID or reference."""
    log.info(
        event,
        request=request.id,
        reference=request.intent_id,
        state=request.state.value,
        command=request.command,
        user=request.requester,
        channel=request.channel_id,
        **({"why": request.outcome} if request.outcome else {}),
    )

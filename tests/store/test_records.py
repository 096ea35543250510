"""Tokens, holds, timers, incidents, reviews, digests and samples in the store, and the deletion of old records."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import TokenState
from bot.core.records.usage import Digest
from bot.core.requests.request import State
from bot.store.connections.database import StoreUnavailable
from bot.store.store import SqlStore
from tests.present import present
from tests.store.conftest import NOON
from tests.store.samples import branch, entry, hold, incident, incoming, move, request, review, sample, token, vote

HOUR = timedelta(hours=1)


async def test_tokens_are_listed_newest_first_and_can_be_filtered(store: SqlStore) -> None:
    await store.tokens.add(token(1))
    await store.tokens.add(token(2, holder="U0BEN", expires_at=None))
    await store.tokens.add(token(3, organization="other"))
    await store.tokens.add(token(4, database_id="db-4", expires_at=NOON - HOUR))
    await store.tokens.add(token(5, state=TokenState.REFUSED))
    await store.tokens.add(token(6, state=TokenState.UNKNOWN))

    async def ids(**asked: Any) -> list[str]:
        return [found.id for found in await store.tokens.find(organization="acme", **asked)]

    assert await ids() == ["t-6", "t-5", "t-4", "t-2", "t-1"]
    assert await ids(live_at=NOON) == ["t-6", "t-2", "t-1"]
    assert await ids(holder="U0BEN") == ["t-2"]
    assert await ids(database_ids=["db-4"]) == ["t-4"]
    assert await ids(database_ids=[]) == []
    assert await ids(limit=2) == ["t-6", "t-5"]


async def test_a_revoked_token_stays_revoked(store: SqlStore) -> None:
    await store.tokens.add(token(state=TokenState.MINTING))
    await store.tokens.settle("t-1", TokenState.LIVE, fingerprint="abc")
    assert (await store.tokens.find(organization="acme"))[0].fingerprint == "abc"
    await store.tokens.settle("t-1", TokenState.ENDED)

    await store.tokens.settle("t-1", TokenState.LIVE)

    ended = (await store.tokens.find(organization="acme"))[0]
    assert (ended.state, ended.fingerprint) == (TokenState.ENDED, "abc")


async def test_a_hold_is_released_once_with_its_entry_and_its_timer(store: SqlStore, other: SqlStore) -> None:
    timer = Timer(TimerKind.THAW, "h-1", NOON)
    await store.requests.open(request(), move(State.EXECUTING, holds=[hold()], timers=[timer]))
    assert await store.holds.find(organization="acme") == [hold()]
    assert await store.holds.find(organization="other") == []

    released = await asyncio.gather(
        *((store, other)[n % 2].holds.release("h-1", NOON + HOUR, entries=[entry("thawed")]) for n in range(10))
    )

    assert sum(released) == 1
    assert present(await store.holds.get("h-1")).released_at == NOON + HOUR
    assert await store.holds.find() == []
    assert await store.timers.due(NOON + HOUR) == []
    assert (await store.audit.head())[0] == 1


async def test_due_timers_are_listed_longest_overdue_first(store: SqlStore) -> None:
    late, early = Timer(TimerKind.EXPIRE, "r-1", NOON), Timer(TimerKind.REMIND, "r-1", NOON - HOUR)
    for timer in (late, early, Timer(TimerKind.EXPIRE, "r-2", NOON + HOUR)):
        await store.timers.schedule(timer)

    assert await store.timers.due(NOON) == [early, late]
    assert await store.timers.due(NOON, limit=1) == [early]


async def test_a_second_timer_of_a_kind_and_subject_replaces_the_first(store: SqlStore) -> None:
    await store.timers.schedule(Timer(TimerKind.EXPIRE, "r-1", NOON))
    await store.timers.schedule(Timer(TimerKind.EXPIRE, "r-1", NOON + HOUR, attempt=3))

    assert await store.timers.due(NOON + HOUR) == [Timer(TimerKind.EXPIRE, "r-1", NOON + HOUR, attempt=3)]


async def test_a_timer_that_was_moved_or_removed_meanwhile_is_not_replaced(store: SqlStore) -> None:
    fired, following = Timer(TimerKind.REMIND, "r-1", NOON), Timer(TimerKind.REMIND, "r-1", NOON + HOUR, attempt=1)
    await store.timers.schedule(fired)

    await store.timers.replace(fired, following)
    assert await store.timers.is_due(TimerKind.REMIND, "r-1", NOON + HOUR)
    await store.timers.replace(fired, None)
    assert await store.timers.due(NOON + HOUR) == [following]

    await store.timers.replace(following, None)
    assert await store.timers.due(NOON + HOUR) == []
    await store.timers.replace(following, fired)
    assert await store.timers.due(NOON + HOUR) == []


async def test_a_channel_has_at_most_one_running_incident(store: SqlStore, other: SqlStore) -> None:
    def start(number: int) -> Awaitable[object]:
        timer = Timer(TimerKind.INCIDENT_END, f"n-{number}", NOON + HOUR)
        return (store, other)[number % 2].incidents.start(incident(number), timer, entry("incident"))

    started = [one for one in await asyncio.gather(*(start(number) for number in range(10))) if one]

    assert len(started) == 1
    assert await store.incidents.running_in("C0INC") == started[0]
    assert await store.incidents.find_running() == started
    assert len(await store.timers.due(NOON + HOUR)) == 1
    assert (await store.audit.head())[0] == 1


async def test_an_incident_ends_once_and_another_may_start(store: SqlStore) -> None:
    timer = Timer(TimerKind.INCIDENT_END, "n-1", NOON + HOUR)
    await store.incidents.start(incident(), timer, entry("incident"))
    assert await store.incidents.extend("n-1", NOON + 2 * HOUR, entry("extended"))
    assert [one.due_at for one in await store.timers.due(NOON + 3 * HOUR)] == [NOON + 2 * HOUR]
    await store.incidents.set_timeline("n-1", "1.2")

    assert await store.incidents.end("n-1", "U0BEN", NOON, entry("ended"))
    assert not await store.incidents.end("n-1", "U0BEN", NOON, entry("ended"))
    assert not await store.incidents.extend("n-1", NOON + 3 * HOUR, entry("extended"))

    ended = await store.incidents.get("n-1")
    assert ended is not None
    assert (ended.ended_by, ended.ended_at, ended.until, ended.timeline_ts) == ("U0BEN", NOON, NOON + 2 * HOUR, "1.2")
    assert await store.incidents.running_in("C0INC") is None
    assert await store.timers.due(NOON + HOUR) == []
    assert await store.incidents.start(incident(2), timer, entry("incident"))


async def test_a_review_is_pending_until_it_is_given_once(store: SqlStore) -> None:
    await store.requests.open(request(), move(State.EXECUTING, reviews=[review(1), review(2, actor="U0BEN")]))
    assert len(await store.reviews.find()) == 2
    assert [owed.id for owed in await store.reviews.find(actor="U0BEN")] == ["v-2"]

    assert await store.reviews.settle("v-1", "U0BEN", True, "it was right", NOON, entry("reviewed"))
    assert not await store.reviews.settle("v-1", "U0EVE", False, "no", NOON, entry("reviewed"))

    assert [owed.id for owed in await store.reviews.find()] == ["v-2"]
    given = (await store.reviews.find(owed=False))[0]
    assert (given.reviewed_by, given.justified, given.comment) == ("U0BEN", True, "it was right")


async def test_a_channel_has_one_digest(store: SqlStore) -> None:
    digest = Digest("C1", "acme", "weekly", 0, "09:00", "Europe/Berlin", "U0ANA", NOON)
    await store.digests.schedule(digest)
    await store.digests.schedule(replace(digest, cadence="daily", last_period="2026-W48"))

    assert await store.digests.get("C1") == replace(digest, cadence="daily", last_period="2026-W48")
    assert await store.timers.due(NOON) == [Timer(TimerKind.DIGEST, "C1", NOON)]
    assert await store.digests.drop("C1")
    assert await store.timers.due(NOON) == []
    assert not await store.digests.drop("C1")
    assert await store.digests.get("C1") is None


async def test_a_database_has_one_sample_a_day(store: SqlStore) -> None:
    await store.samples.add([sample(), sample(rows_read=11), sample("2026-11-23"), sample(database="users")])
    await store.samples.add([sample(rows_read=12)])
    await store.samples.add([])

    async def found(**asked: Any) -> Any:
        return [
            (one.day, one.database, one.rows_read)
            for one in await store.samples.find(organization="acme", since="2026-11-23", until="2026-11-24", **asked)
        ]

    assert await found() == [
        ("2026-11-23", "orders-eu", 10),
        ("2026-11-24", "orders-eu", 12),
        ("2026-11-24", "users", 10),
    ]
    assert await found(databases=["users"]) == [("2026-11-24", "users", 10)]


async def test_old_finished_records_are_deleted_and_the_audit_log_stays(store: SqlStore) -> None:
    for number, state in ((1, State.SUCCEEDED), (2, State.PENDING)):
        await store.intents.record(incoming(number))
        await store.requests.open(request(number), move(state, event="asked"))
        await store.cards.add(f"r-{number:010}", "C1", "1.1")
    await store.requests.vote(vote(2), entry=entry("approved"))
    await store.intents.record(incoming(3))
    await store.tokens.add(token(1))
    await store.tokens.add(token(2, expires_at=None))

    assert not any((await store.pruning.prune(NOON - HOUR)).values())
    gone = await store.pruning.prune(NOON + 10 * HOUR)

    assert (gone["intents"], gone["requests"], gone["tokens"]) == (2, 1, 1)
    assert await store.requests.get("r-0000000001") is None
    assert await store.cards.of("r-0000000001") == []
    assert len(present(await store.requests.get("r-0000000002")).votes) == 1
    assert [intent.id for intent in await store.intents.find_open(before=NOON + HOUR)] == ["i-0000000003"]
    assert (await store.audit.head())[0] == 3


async def test_the_error_of_a_store_that_does_not_respond_says_so(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await store.trouble() == ""

    async def refuse(work: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(store.database, "write", refuse)
    assert "didn't respond" in await store.trouble()
    with pytest.raises(StoreUnavailable, match="didn't respond"):
        await store.intents.close("i-1")


async def test_a_failed_timer_is_delayed_and_counted_and_does_not_hide_others(store: SqlStore) -> None:
    bad, good = Timer(TimerKind.THAW, "h-1", NOON - HOUR), Timer(TimerKind.EXPIRE, "r-1", NOON)
    await store.timers.schedule(bad)
    await store.timers.schedule(good)

    await store.timers.postpone(bad, datetime.now(UTC) + HOUR, "Turso is away.")

    assert await store.timers.due(NOON) == [good]
    found = await store.timers.backlog(NOON)
    assert (found.overdue, found.failing) == (0, 1)
    assert (found.examples[0].failures, found.examples[0].cause) == (1, "Turso is away.")
    await store.timers.schedule(bad)
    assert await store.timers.due(NOON) == [bad, good], "a timer that is set again has no failures"


async def test_timers_that_failed_before_are_listed_after_the_others(store: SqlStore) -> None:
    bad = [Timer(TimerKind.THAW, f"h-{number}", NOON - HOUR) for number in range(3)]
    good = Timer(TimerKind.EXPIRE, "r-1", NOON)
    for timer in (*bad, good):
        await store.timers.schedule(timer)
    for timer in bad:
        await store.timers.postpone(timer, datetime.now(UTC) - HOUR, "Turso is away.")

    assert await store.timers.due(NOON, limit=1) == [good]
    assert len(await store.timers.due(NOON)) == 4


async def test_a_timer_that_failed_since_it_was_read_is_not_started(store: SqlStore) -> None:
    timer = Timer(TimerKind.EXPIRE, "r-1", NOON)
    await store.timers.schedule(timer)
    started: list[Timer] = []

    await store.timers.start([timer], datetime.now(UTC) + HOUR, lambda _, one: started.append(one))
    assert await store.timers.due(NOON) == []
    await store.timers.postpone(timer, datetime.now(UTC) + HOUR, "Turso is away.")
    await store.timers.start([timer], datetime.now(UTC), lambda _, one: started.append(one))

    assert started == [timer], "a timer that failed since it was read isn't started"


async def test_an_unknown_kind_of_timer_does_not_stop_others(store: SqlStore) -> None:
    await store.timers.schedule(Timer(TimerKind.EXPIRE, "r-1", NOON))
    row = "INSERT INTO timers (kind, subject, due_at, attempt) SELECT 'newer', subject, due_at, attempt FROM timers"
    await store.database.write(lambda connection: connection.exec_driver_sql(row))

    assert [timer.subject for timer in await store.timers.due(NOON)] == ["r-1"]
    assert (await store.timers.backlog(NOON + HOUR)).overdue == 2


@pytest.mark.parametrize("what", ["an owed review", "an open hold", "a timer", "a branch", "nothing"])
async def test_an_old_request_is_kept_while_an_open_record_refers_to_it(store: SqlStore, what: str) -> None:
    brings: dict[str, dict[str, Any]] = {
        "an owed review": {"reviews": [review(request_id="r-0000000001")]},
        "an open hold": {"holds": [hold(request_id="r-0000000001")]},
        "a timer": {"timers": [Timer(TimerKind.EXPIRE, "r-0000000001", NOON + HOUR)]},
        "a branch": {"branches": [branch(request_id="r-0000000001")]},
        "nothing": {},
    }
    await store.requests.open(request(), move(State.SUCCEEDED, **brings[what]))

    await store.pruning.prune(NOON + 1000 * HOUR)

    assert (await store.requests.get("r-0000000001") is not None) is (what != "nothing")


async def test_tables_derived_from_the_audit_log_are_checked_too(store: SqlStore) -> None:
    await store.audit.append(entry("one", databases=("alpha", "beta")), entry("two", databases=("alpha",)))
    assert await store.audit.index_fault() is None

    async def fault_after(statement: str) -> str:
        await store.database.write(lambda connection: connection.exec_driver_sql(statement))
        return await store.audit.index_fault() or ""

    assert "entry 9: the table `touched`" in await fault_after("INSERT INTO touched VALUES ('alpha', 9)")
    moved = "UPDATE touched SET database = 'gamma', seq = 1 WHERE seq = 9"
    assert "`gamma`, which it doesn't name" in await fault_after(moved)
    await fault_after("DELETE FROM touched WHERE database = 'gamma'")
    fault = await fault_after("DELETE FROM touched WHERE database = 'alpha' AND seq = 2")
    assert fault == "entry 2: the table `touched` lacks its database `alpha`"


async def test_an_entry_with_a_nul_character_is_stored_without_it(store: SqlStore) -> None:
    await store.audit.append(entry("odd", reason="a\x00b", detail={"k\x00": ["v\x00", "w"]}), entry("even"))

    (_, even), (_, odd) = await store.audit.page(before_seq=None, limit=5)
    assert (even.event, odd.reason, odd.detail) == ("even", "ab", {"k": ["v", "w"]})

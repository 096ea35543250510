"""The hash chain reveals every edit, removal, insertion and reordering of entries.

With a posted head, it also reveals a cut-off end.
"""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.audit import Verifier, canonical, chain, entry_hash, from_canonical, verify, verify_stream
from bot.core.records.audit_entry import AuditEntry

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def entry(number: Any = 1, **more: Any) -> AuditEntry:
    return AuditEntry(NOON + timedelta(seconds=number), "executed", "succeeded", "U0ANA", "C0DBOPS", **more)


ROWS = chain(entry(number, command="rotate", databases=(f"db-{number}",)) for number in range(1, 9))
HEAD = ROWS[-1][2]


def test_an_untouched_chain_verifies() -> None:
    found = verify(ROWS)
    assert (found.entries, found.head, found.fault) == (8, HEAD, None)
    assert verify([]).fault is None
    assert verify(ROWS, HEAD).fault is None


def test_a_chain_is_continued_where_it_ended() -> None:
    first = chain([entry(1), entry(2)])
    assert chain([entry(3)], (2, first[-1][2])) == chain([entry(1), entry(2), entry(3)])[2:]


def edited(rows: Any) -> None:
    seq, previous, digest, text = rows[3]
    rows[3] = (seq, previous, digest, text.replace("succeeded", "denied"))


def edited_with_its_hash(rows: Any) -> None:
    seq, previous, _, text = rows[3]
    text = text.replace("succeeded", "denied")
    rows[3] = (seq, previous, entry_hash(previous, text), text)


def inserted(rows: Any) -> None:
    extra = canonical(entry(99))
    rows.insert(3, (4, rows[2][2], entry_hash(rows[2][2], extra), extra))
    rows[4:] = [(seq + 1, *rest) for seq, *rest in rows[4:]]


def renumbered_after_deletion(rows: Any) -> None:
    del rows[3]
    rows[3:] = [(seq - 1, *rest) for seq, *rest in rows[3:]]


def swapped(rows: Any) -> None:
    rows[3], rows[4] = rows[4], rows[3]


def swapped_with_their_numbers(rows: Any) -> None:
    rows[3], rows[4] = (4, *rows[4][1:]), (5, *rows[3][1:])


TAMPERING = {
    "an edited entry": (edited, 4),
    "an edited entry with a matching hash": (edited_with_its_hash, 5),
    "a deleted entry": (lambda rows: rows.pop(3), 5),
    "a deleted entry, the rest renumbered": (renumbered_after_deletion, 4),
    "the first entry deleted": (lambda rows: rows.pop(0), 2),
    "an inserted entry": (inserted, 5),
    "an entry twice": (lambda rows: rows.insert(3, rows[3]), 4),
    "two entries swapped": (swapped, 5),
    "two entries swapped with their numbers": (swapped_with_their_numbers, 4),
}
"""For each kind of tampering: a function that does it to rows, and the number of the first entry that doesn't fit."""


@pytest.mark.parametrize(("tamper", "seq"), TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_found_at_the_first_entry_that_does_not_fit(tamper: Any, seq: int) -> None:
    rows = list(ROWS)
    tamper(rows)
    fault = verify(rows).fault
    assert fault is not None
    assert fault.seq == seq
    assert str(fault).startswith(f"entry {seq}: ")


def test_only_a_posted_head_reveals_a_cut_off_end() -> None:
    assert verify(ROWS[:5]).fault is None
    fault = verify(ROWS[:5], HEAD).fault
    assert fault is not None
    assert "removed or replaced" in fault.sentence


def test_a_head_that_was_posted_earlier_is_found_in_the_chain() -> None:
    assert verify(ROWS, ROWS[2][2]).fault is None


def test_a_rewritten_chain_does_not_contain_the_posted_head() -> None:
    forged = chain(entry(number, command="list") for number in range(1, 9))
    assert verify(forged).fault is None
    assert verify(forged, HEAD).fault is not None


async def test_a_stream_is_verified_like_a_list() -> None:
    async def stream(rows: Any) -> AsyncIterator[Any]:
        for row in rows:
            yield row

    assert await verify_stream(stream(ROWS), HEAD) == verify(ROWS, HEAD)
    assert (await verify_stream(stream(ROWS[:5]), HEAD)).fault == verify(ROWS[:5], HEAD).fault


def test_an_entry_has_the_same_text_in_every_time_zone() -> None:
    here = entry(detail={"b": 1, "a": "é"})
    there = replace(here, at=here.at.astimezone(timezone(timedelta(hours=5))))
    assert canonical(here) == canonical(there)
    assert from_canonical(canonical(there)) == here


def test_a_key_of_a_later_version_is_ignored_when_an_entry_is_read() -> None:
    assert from_canonical(canonical(entry()).replace('"at"', '"added_later":1,"at"')) == entry()


def test_long_chains_take_constant_memory() -> None:
    def rows(count: Any) -> Iterator[tuple[int, str, str, str]]:
        previous = ""
        for seq in range(1, count + 1):
            text = f'{{"n":{seq}}}'
            digest = entry_hash(previous, text)
            yield seq, previous, digest, text
            previous = digest

    tracemalloc.start()
    try:
        assert verify(rows(20_000)).entries == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000


TEXTS = st.text(max_size=20)


@given(
    st.lists(st.builds(entry, st.integers(0, 99), reason=TEXTS, databases=st.tuples(TEXTS)), min_size=2, max_size=6),
    st.data(),
)
def test_any_removal_or_reordering_is_found_with_the_head(entries: Any, data: Any) -> None:
    rows = chain(entries)
    kept = data.draw(st.lists(st.sampled_from(rows), max_size=len(rows)))
    verifier = Verifier(rows[-1][2])
    for row in kept:
        verifier.feed(row)
    assert (verifier.finish() is None) == (kept == rows)

"""The audit log's hash chain. Each row contains the hash of the row before, so that changes are detected."""

import hashlib
import json
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.records.audit_entry import AuditEntry
from bot.core.redaction.text_cleaning import clean_json

GENESIS: Final = ""
"""The hash before the first entry."""

LARGEST_SEQ: Final = 2**63 - 1
"""The largest number that the column `seq` can store."""
FIELDS: Final = tuple(one.name for one in fields(AuditEntry))

Row = tuple[int, str, str, str]
"""(seq, previous hash, hash, canonical entry), as the store has it. seq counts from 1 without gaps."""


def canonical(entry: AuditEntry) -> str:
    """Return the canonical text of an entry: JSON with sorted keys and times in UTC."""
    # `asdict` would copy nested values and take five times as long, and every command writes an entry.
    raw = {name: getattr(entry, name) for name in FIELDS} | {"at": entry.at.astimezone(UTC).isoformat()}
    text = _encode(raw)
    # PostgreSQL extracts columns from this text, and rejects NUL in any notation.
    return _encode(clean_json(raw)) if "\\u0000" in text else text


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def from_canonical(text: str) -> AuditEntry:
    """Parse the canonical text of an entry. Keys that only a later version knows are ignored."""
    raw: dict[str, Any] = json.loads(text)
    raw["at"] = datetime.fromisoformat(raw["at"])
    raw["databases"] = tuple(raw.get("databases", ()))
    known = {one.name for one in fields(AuditEntry)}
    return AuditEntry(**{key: value for key, value in raw.items() if key in known})


def entry_hash(previous: str, text: str) -> str:
    """Return the SHA-256 of the previous hash and an entry's canonical text, in hex."""
    return hashlib.sha256((previous + text).encode("utf-8", "replace")).hexdigest()


def chain(entries: Iterable[AuditEntry], head: tuple[int, str] = (0, GENESIS)) -> list[Row]:
    """Return the rows for entries that follow the chain's `head` (its last seq and hash)."""
    rows: list[Row] = []
    seq, previous = head
    for entry in entries:
        seq += 1
        text = canonical(entry)
        digest = entry_hash(previous, text)
        rows.append((seq, previous, digest, text))
        previous = digest
    return rows


@dataclass(frozen=True, slots=True)
class Fault:
    """The first fault in a chain."""

    seq: int
    sentence: str

    def __str__(self) -> str:
        return f"entry {self.seq}: {self.sentence}"


class Verifier:
    """Verifies a chain row by row, in one pass and constant memory.

    Feed the rows in the order of `seq`, then call `finish`. Only a head that was posted where the log's owner can't
    change it proves that no entries were removed from the end.
    """

    def __init__(self, posted_head: str | None = None) -> None:
        self.seq = 0
        self.head = GENESIS
        self.fault: Fault | None = None
        self._posted = posted_head
        self._seen = posted_head in (None, GENESIS)

    def feed(self, row: Row) -> Fault | None:
        """Check the next row and return the first fault so far. Rows after a fault aren't checked."""
        if self.fault is None:
            self.fault = self._check(row)
            if self.fault is None:
                self.seq, self.head = row[0], row[2]
                self._seen = self._seen or self.head == self._posted
        return self.fault

    def finish(self) -> Fault | None:
        """Return the chain's fault, if any, including a missing posted head."""
        if self.fault is None and not self._seen:
            self.fault = Fault(
                self.seq, "the chain ends here without the posted hash, so entries were removed or replaced"
            )
        return self.fault

    def _check(self, row: Row) -> Fault | None:
        seq, previous, digest, text = row
        if seq != self.seq + 1:
            return Fault(seq, f"it follows entry {self.seq}, so entries were removed, inserted or reordered")
        if previous != self.head:
            return Fault(seq, "it doesn't match the entry before it, so one of them was removed, inserted or reordered")
        if digest != entry_hash(previous, text):
            return Fault(seq, "its text was edited")
        return None


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of verifying a chain."""

    entries: int
    """The number of entries before the fault, or of all entries."""
    head: str
    """The hash of the last of these entries."""
    fault: Fault | None


def verify(rows: Iterable[Row], posted_head: str | None = None) -> Verified:
    """Verify a chain up to its first fault."""
    verifier = Verifier(posted_head)
    for row in rows:
        if verifier.feed(row):
            break
    fault = verifier.finish()
    return Verified(verifier.seq, verifier.head, fault)


async def verify_stream(rows: AsyncIterable[Row], posted_head: str | None = None) -> Verified:
    """Verify a chain that the store streams, up to its first fault."""
    verifier = Verifier(posted_head)
    async for row in rows:
        if verifier.feed(row):
            break
    fault = verifier.finish()
    return Verified(verifier.seq, verifier.head, fault)

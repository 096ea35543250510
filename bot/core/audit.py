"""The audit log's hash chain: each entry holds the hash of the one before, so that no change goes unseen."""

import hashlib
import json
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.records.audit_entry import AuditEntry
from bot.core.redaction.text_cleaning import clean_json

GENESIS: Final = ""
"""What stands before the first entry."""

FIELDS: Final = tuple(one.name for one in fields(AuditEntry))

Row = tuple[int, str, str, str]
"""(seq, previous hash, hash, canonical entry), as the store keeps it; seq counts from 1 without gaps."""


def canonical(entry: AuditEntry) -> str:
    """Return the one text of an entry: JSON, sorted keys, times in UTC."""
    # Not `asdict`, which copies all that is inside and takes five times as long; every command comes by here.
    raw = {name: getattr(entry, name) for name in FIELDS} | {"at": entry.at.astimezone(UTC).isoformat()}
    text = _encode(raw)
    # PostgreSQL reads columns out of this text, and refuses a NUL in it, however it is written.
    return _encode(clean_json(raw)) if "\\u0000" in text else text


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def from_canonical(text: str) -> AuditEntry:
    """Read what `canonical` wrote; keys of a later version are left out."""
    raw: dict[str, Any] = json.loads(text)
    raw["at"] = datetime.fromisoformat(raw["at"])
    raw["databases"] = tuple(raw.get("databases", ()))
    known = {one.name for one in fields(AuditEntry)}
    return AuditEntry(**{key: value for key, value in raw.items() if key in known})


def entry_hash(previous: str, text: str) -> str:
    """Return the hash of an entry's canonical text behind the hash `previous`: SHA-256, in hex."""
    return hashlib.sha256((previous + text).encode("utf-8", "replace")).hexdigest()


def chain(entries: Iterable[AuditEntry], head: tuple[int, str] = (0, GENESIS)) -> list[Row]:
    """Return the rows that continue the chain whose last seq and hash are `head`."""
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
    """The first place where the chain does not hold."""

    seq: int
    sentence: str

    def __str__(self) -> str:
        return f"entry {self.seq}: {self.sentence}"


class Verifier:
    """Checks a chain row by row, in one pass and constant memory.

    Feed rows in the order of `seq`, then ask `finish`. Only a head that was posted where the log's keeper cannot
    change it proves that nothing was cut from the end.
    """

    def __init__(self, posted_head: str | None = None) -> None:
        self.seq = 0
        self.head = GENESIS
        self.fault: Fault | None = None
        self._posted = posted_head
        self._seen = posted_head in (None, GENESIS)

    def feed(self, row: Row) -> Fault | None:
        """Check the next row. Returns the first fault so far; what follows a fault is not checked."""
        if self.fault is None:
            self.fault = self._check(row)
            if self.fault is None:
                self.seq, self.head = row[0], row[2]
                self._seen = self._seen or self.head == self._posted
        return self.fault

    def finish(self) -> Fault | None:
        """Say what is wrong with the chain as a whole."""
        if self.fault is None and not self._seen:
            self.fault = Fault(self.seq, "the chain ends here without the posted head: entries were cut or replaced")
        return self.fault

    def _check(self, row: Row) -> Fault | None:
        seq, previous, digest, text = row
        if seq != self.seq + 1:
            return Fault(seq, f"it follows entry {self.seq}: entries were removed, inserted or reordered")
        if previous != self.head:
            return Fault(seq, "it does not continue the entry before: one of them was removed, inserted or reordered")
        if digest != entry_hash(previous, text):
            return Fault(seq, "its text is not what was written: it was edited")
        return None


@dataclass(frozen=True, slots=True)
class Verified:
    """A whole chain that was checked."""

    entries: int
    head: str
    fault: Fault | None


def verify(rows: Iterable[Row], posted_head: str | None = None) -> Verified:
    """Check a chain and return its length and head, or its first fault."""
    verifier = Verifier(posted_head)
    for row in rows:
        if verifier.feed(row):
            break
    fault = verifier.finish()
    return Verified(verifier.seq, verifier.head, fault)


async def verify_stream(rows: AsyncIterable[Row], posted_head: str | None = None) -> Verified:
    """Check a chain that the store streams."""
    verifier = Verifier(posted_head)
    async for row in rows:
        if verifier.feed(row):
            break
    fault = verifier.finish()
    return Verified(verifier.seq, verifier.head, fault)

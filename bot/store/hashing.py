"""What is hashed of an audit entry."""

import hashlib
import json
from dataclasses import asdict
from datetime import UTC

from bot.core.request import AuditEntry


def canonical(entry: AuditEntry) -> str:
    """The entry as the one text that is stored and hashed."""
    raw = asdict(entry) | {"at": entry.at.astimezone(UTC).isoformat()}
    return json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def entry_hash(previous: str, text: str) -> str:
    """SHA-256 over the hash before and the canonical text."""
    return hashlib.sha256((previous + text).encode()).hexdigest()

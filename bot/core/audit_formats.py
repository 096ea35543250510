"""The formats in which the audit log is sent: JSON Lines and OCSF. A receiver can verify both."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version
from typing import Any, Final

from bot.core.audit import LARGEST_SEQ, Row, entry_hash


class Format(StrEnum):
    """The formats, with their names in settings."""

    JSON = "jsonl"
    OCSF = "ocsf"


@dataclass(frozen=True, slots=True)
class ReceivedEntry:
    """An audit entry, parsed from a line that a receiver stored."""

    seq: int
    hash: str
    text: str
    """The canonical text. `hash` is the hash of the previous entry's hash and this text."""

    def follows(self, previous: str) -> bool:
        """Return True if `previous` is the hash of the entry before this one."""
        return entry_hash(previous, self.text) == self.hash


def json_line(row: Row) -> str:
    """Return an entry as a line of JSON: `seq` and `hash`, then exactly the stored entry."""
    seq, _, digest, text = row
    return f'{{"seq":{seq},"hash":"{digest}",{text[1:]}'


def ocsf_line(row: Row) -> str:
    """Return an entry as an OCSF 1.3 event of the class API Activity (6003), as a line of JSON.

    `raw_data` is the canonical text, from which the hash is computed.
    """
    seq, previous, digest, text = row
    entry: dict[str, Any] = json.loads(text)
    activity = _ACTIVITIES.get(entry["event"], _OTHER)
    event = {
        "class_uid": 6003,
        "class_name": "API Activity",
        "category_uid": 6,
        "category_name": "Application Activity",
        "activity_id": activity,
        "type_uid": 600300 + activity,
        "severity_id": 1,
        "time": round(datetime.fromisoformat(entry["at"]).timestamp() * 1000),
        "status_id": _STATUSES.get(entry["outcome"], 0),
        "status": entry["outcome"],
        "message": entry["event"],
        "actor": {"user": {"uid": entry["user_id"]}},
        "api": {"operation": entry["command"] or entry["event"], "request": {"uid": entry["request_id"]}},
        "src_endpoint": {"uid": entry["channel_id"], "name": "Slack"},
        "resources": [{"type": "database", "name": name} for name in entry["databases"]],
        "metadata": {
            "version": "1.3.0",
            "product": {"name": "Turso Ops", "vendor_name": "Turso Ops", "version": version("turso-ops")},
            "log_name": "audit_log",
            "sequence": seq,
            "uid": digest,
        },
        "unmapped": {"seq": seq, "hash": digest, "previous_hash": previous},
        "raw_data": text,
    }
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)


_OTHER: Final = 99
_ACTIVITIES: Final[Mapping[str, int]] = {"read": 2, "revealed": 2, "finished": 3, "thawed": 3, "unblocked": 3}
"""OCSF's activity numbers: 2 for reads and 3 for updates. All other events are 99 (Other)."""
_STATUSES: Final[Mapping[str, int]] = {
    **dict.fromkeys(("allowed", "succeeded"), 1),
    **dict.fromkeys(("failed", "denied", "refused", "stale", "expired"), 2),
}
"""1 means success and 2 failure. Everything else is 0, unknown."""

WRITERS: Final[Mapping[Format, Callable[[Row], str]]] = {Format.JSON: json_line, Format.OCSF: ocsf_line}


def parse_line(line: str) -> ReceivedEntry:
    """Parse a line that `json_line` or `ocsf_line` wrote.

    Raises:
        ValueError: the line is in neither format, or is incomplete.
    """
    try:
        raw = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(raw, dict):
        raise ValueError("not an object")
    if "raw_data" in raw:
        numbers, text = raw.get("unmapped") or {}, raw["raw_data"]
    else:
        numbers = raw
        head = f'{{"seq":{raw.get("seq")},"hash":"{raw.get("hash")}",'
        text = "{" + line.strip().removeprefix(head)
    if not isinstance(numbers, dict):
        raise ValueError("without seq and hash")
    seq, digest = numbers.get("seq"), numbers.get("hash")
    if type(seq) is not int or not 0 < seq <= LARGEST_SEQ or not isinstance(digest, str) or not isinstance(text, str):
        raise ValueError("without seq and hash")
    return ReceivedEntry(seq, digest, text)

"""The log, metrics and trace of an approved destroy, as in `docs/operations.md`, without values that vary."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.tracing.receiver import ReceivedSpan

PAGE = Path(__file__).parents[2] / "docs/operations.md"
EVENTS = ("answered", "request.opened", "request.moved", "operation.ended")
LEFT_OUT = ("timestamp", "logger", "level")
FIGURES = re.compile(r"turso_ops_(commands_total|requests_total|turso_calls_total\{method=\"DELETE\")")


def log(text: str) -> str:
    """Return the log lines about requests, operations and answers, grouped by event."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    kept = [line for line in lines if line["event"] in EVENTS]
    kept.sort(key=lambda line: (EVENTS.index(line["event"]), line["timestamp"]))
    return _same_ids("\n".join(json.dumps(_steady(line)) for line in kept))


def _steady(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line with its keys in order, without its time, and with the same duration in each run."""
    found = {"event": line["event"]} | {key: line[key] for key in sorted(line) if key not in LEFT_OUT}
    return found | {"ms": 120} if "ms" in found else found


def metrics(text: str) -> str:
    """Return the counters of commands, requests and deletions at Turso."""
    return "\n".join(sorted(line for line in text.splitlines() if FIGURES.match(line)))


def trace(spans: Sequence[ReceivedSpan]) -> str:
    """Return the names of the spans, indented below their parents. Leave out calls to Slack and the store."""
    (root,) = [span for span in spans if not span.parent]
    return "\n".join([root.name, *_below(root, spans, "  ")])


def _below(parent: ReceivedSpan, spans: Sequence[ReceivedSpan], indent: str) -> list[str]:
    """Return the children of a span. Reads come first, sorted and once each, because they run at the same time."""
    inner = [span for span in spans if span.parent == parent.id and not span.name.startswith(("store ", "Slack "))]
    reads = sorted({span.name for span in inner if span.name.startswith("Turso GET")})
    lines = [f"{indent}{name}" for name in reads]
    for span in inner:
        if span.name not in reads:
            lines += [f"{indent}{span.name}", *_below(span, spans, indent + "  ")]
    return lines


def _same_ids(text: str) -> str:
    """Replace the bot's IDs by IDs that are the same in each run."""
    for kind in ("i", "r"):
        found = list(dict.fromkeys(re.findall(rf"\b{kind}-[a-z0-9]{{10}}\b", text)))
        for number, one in enumerate(found):
            text = text.replace(one, f"{kind}-{chr(ord('a') + number) * 10}")
    return text


def compare(what: str, seen: str, *, update: bool) -> None:
    """Compare a text with the one in the page, or write it into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, mark, rest = page.partition(f"<!-- seen: {what} -->\n```text\n")
    assert mark, f"{PAGE.name} has no place for the {what}"
    shown, fence, after = rest.partition("\n```\n")
    if update:
        PAGE.write_text(f"{before}{mark}{seen}{fence}{after}", encoding="utf-8")
        return
    assert shown == seen

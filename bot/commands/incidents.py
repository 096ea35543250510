"""What incident commands share: what is still open, and the report from the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.blocks import buttons, kit
from bot.blocks.text import Mrkdwn, clean, counted, duration, joined, mrkdwn, people, utc
from bot.commands.base import Context
from bot.commands.lines import command_line
from bot.commands.requests import OPEN
from bot.core.reply import Block
from bot.core.request import AuditEntry, HoldKind, Incident

PAGE = 200
MOST = 5000


@dataclass(frozen=True, slots=True)
class Loose:
    """What an incident leaves open; plain values, so that it can be kept as facts."""

    frozen: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    token_holders: list[str] = field(default_factory=list)
    token_databases: list[str] = field(default_factory=list)
    requests: int = 0
    reviews: int = 0

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Loose":
        """Read it back from facts."""
        return cls(**facts) if facts else cls()


async def still_open(ctx: Context, incident: Incident) -> Loose:
    """Return what was begun in this channel since the incident started and has not ended."""
    here, organization = incident.channel_id, incident.organization
    held = await ctx.memory.holds(organization=organization)
    ours = [hold for hold in held if hold.channel_id == here and hold.placed_at >= incident.started_at]
    tokens = await ctx.memory.tokens(organization=organization, live_at=ctx.now)
    made = [token for token in tokens if token.channel_id == here and token.minted_at >= incident.started_at]
    requests = await ctx.memory.requests(states=OPEN, channel_id=here)
    reviews = await ctx.memory.reviews(owed=True)
    return Loose(
        frozen=_names(hold.database for hold in ours if hold.kind is HoldKind.FREEZE),
        quarantined=_names(hold.database for hold in ours if hold.kind is HoldKind.QUARANTINE),
        token_holders=_names(token.holder for token in made),
        token_databases=_names(token.database for token in made),
        requests=sum(1 for one in requests if one.command not in ("incident end", "incident start")),
        reviews=sum(1 for review in reviews if review.channel_id == here),
    )


def _names(names: Any) -> list[str]:
    return sorted(set(names))[:100]


def loose_blocks(loose: Loose) -> list[Block]:
    """Say what is open, with the buttons that settle it."""
    lines = [
        _line(":snowflake: Frozen: {}", loose.frozen),
        _line(":stopwatch: In quarantine: {}", loose.quarantined),
        _line(":key: Live tokens for {}", loose.token_databases),
        mrkdwn("held by {}", people(loose.token_holders)) if loose.token_holders else Mrkdwn(""),
        mrkdwn(":inbox_tray: {} still open", counted(loose.requests, "request")) if loose.requests else Mrkdwn(""),
        mrkdwn(":eyes: {} owed", counted(loose.reviews, "review")) if loose.reviews else Mrkdwn(""),
    ]
    if not any(lines):
        return [kit.context(mrkdwn("Nothing is left open."))]
    row = [one for name in loose.frozen[:4] for one in buttons.run(1, f"Thaw {name}"[:60], command_line("thaw", name))]
    row += [one for name in loose.quarantined[:4] for one in
            buttons.run(2, f"Undo {name}"[:60], command_line("restore", name))]  # fmt: skip
    row += buttons.run(3, "Requests", command_line("requests")) if loose.requests else []
    row += buttons.run(4, "Tokens", command_line("tokens")) if loose.token_databases else []
    unique = [element | {"action_id": f"run.{at}"} for at, element in enumerate(row, start=10)]
    return [kit.section(joined("\n", [mrkdwn("*Still open*"), *lines])), *kit.actions(*unique)]


def _line(words: str, names: list[str]) -> Mrkdwn:
    shown = joined(", ", (mrkdwn("`{}`", name) for name in names[:10]))
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return Mrkdwn(words.replace("{}", shown) + more) if names else Mrkdwn("")


async def timeline(ctx: Context, incident: Incident) -> list[AuditEntry]:
    """Return what the audit log has of the channel since the incident started, oldest first."""
    found: list[AuditEntry] = []
    before: int | None = None
    while len(found) < MOST:
        page = await ctx.memory.audit_page(
            before_seq=before, limit=PAGE, channel_id=incident.channel_id, since=incident.started_at
        )
        found += [entry for _, entry in page]
        if len(page) < PAGE:
            break
        before = page[-1][0]
    until = incident.ended_at or ctx.now
    return [entry for entry in reversed(found) if entry.event != "read" and entry.at <= until]


def report(incident: Incident, entries: list[AuditEntry], loose: Loose, now: datetime) -> str:
    """Write the report as Markdown: who, what, when, by whose consent, how long."""
    ended = incident.ended_at
    until = ended or now
    end = f"{utc(ended)} by {incident.ended_by or 'the time'}" if ended else "still running"
    people_ = sorted({entry.user_id for entry in entries if entry.user_id} | {incident.started_by})
    lines = [
        f"# Incident {incident.key}",
        "",
        f"- Channel: {incident.channel_id}",
        f"- Started: {utc(incident.started_at)} by {incident.started_by}",
        f"- Ended: {end}",
        f"- Lasted: {duration(until - incident.started_at)}",
        f"- Profile: {incident.profile}",
        f"- People: {', '.join(people_)}",
        "",
        "## Timeline",
        "",
        "| When | Who | What | Databases | Outcome | Why |",
        "| --- | --- | --- | --- | --- | --- |",
        *map(_row, entries),
        "",
        "## Still open",
        "",
        *_open_lines(loose),
    ]
    return "\n".join(lines) + "\n"


def _row(entry: AuditEntry) -> str:
    cells = (
        utc(entry.at),
        entry.user_id or "by itself",
        f"{entry.event} {entry.command}".strip(),
        ", ".join(entry.databases[:6]),
        entry.outcome,
        " ".join(filter(None, (entry.reason, str(entry.detail.get("ticket", "")), entry.request_id))),
    )
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    """Foreign text stays text: nothing in it is a table's border, a link, HTML or a heading."""
    for sign in "\\`*_{}[]<>|#!~":
        text = text.replace(sign, f"\\{sign}") if sign != "<" else text.replace("<", "&lt;")
    return clean(text)


def _open_lines(loose: Loose) -> list[str]:
    lines = [
        f"- Frozen: {', '.join(loose.frozen)}" if loose.frozen else "",
        f"- In quarantine: {', '.join(loose.quarantined)}" if loose.quarantined else "",
        f"- Live tokens for: {', '.join(loose.token_databases)}" if loose.token_databases else "",
        f"- Open requests: {loose.requests}" if loose.requests else "",
        f"- Reviews owed: {loose.reviews}" if loose.reviews else "",
    ]
    return [line for line in lines if line] or ["Nothing."]


async def last_incident(ctx: Context) -> Incident | None:
    """Return the incident that runs here, or the last one that did."""
    here = ctx.subject.channel.id
    if running := await ctx.memory.incident_in(here):
        return running
    before: int | None = None
    for _ in range(20):
        page = await ctx.memory.audit_page(before_seq=before, limit=PAGE, channel_id=here)
        for _, entry in page:
            if entry.event == "incident_started":
                return await ctx.memory.incident(str(entry.detail.get("incident")))
        if len(page) < PAGE:
            return None
        before = page[-1][0]
    return None

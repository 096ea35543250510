"""The report of an incident as Markdown: who did what, when, with whose approval, and how long it took."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.blocks.text import counted, duration, utc
from bot.commands._markdown_text import escaped
from bot.commands.base import Context
from bot.commands.incidents._incidents import OpenItems, still_open
from bot.commands.incidents._timeline import timeline_of
from bot.commands.requests._audit_sentences import sentence_of, words_of
from bot.commands.requests._audit_writer import Writer
from bot.core.catalogue import CommandCatalogue
from bot.core.records.audit_entry import TIMER, AuditEntry
from bot.core.records.incidents import Incident, Review
from bot.core.requests.request import Mode, Request, Vote
from bot.core.requests.seen_times import changed_at

BY_ITSELF = ("", TIMER)
FOREIGN = "(not requested in this incident)"


@dataclass(frozen=True, slots=True)
class Story:
    """The content of a report."""

    incident: Incident
    now: datetime
    catalogue: CommandCatalogue
    entries: Sequence[AuditEntry] = ()
    requests: Sequence[Request] = ()
    foreign: frozenset[str] = frozenset()
    """The IDs of requests that weren't made in this incident."""
    reviews: Mapping[str, Review] = field(default_factory=dict)
    """The reviews that were given, by request ID."""
    private: int = 0
    """How many private requests were left out."""
    is_cut: bool = False
    """True if the oldest entries are missing because there are too many."""
    open_items: OpenItems = field(default_factory=OpenItems)
    names: Mapping[str, str] = field(default_factory=dict)
    channel_name: str = ""

    @property
    def people(self) -> list[str]:
        """Return everybody who did something in the entries or voted, first the person who started the incident."""
        every = [self.incident.started_by, *(entry.user_id for entry in self.entries)]
        every += [vote.user_id for request in self.requests for vote in request.votes]
        return [one for one in dict.fromkeys(every) if one not in BY_ITSELF]

    @property
    def named(self) -> list[str]:
        """Return everybody whom the report names, such as those who reviewed an operation after the incident."""
        items = self.open_items
        every = [*self.people, self.incident.ended_by, *(request.requester for request in self.requests)]
        every += [str(entry.detail.get("asker", "")) for entry in self.entries]
        every += [review.reviewed_by for review in self.reviews.values()]
        every += [row[2] for row in items.tokens] + [row[3] for row in (*items.requests, *items.unknown)]
        every += [row[1] for row in items.reviews]
        return [one for one in dict.fromkeys(every) if one not in BY_ITSELF]

    def who(self, user_id: str) -> str:
        """Return a person's name, or their ID if the name isn't known. For a timer, return `automatically`."""
        return "automatically" if user_id in BY_ITSELF else self.names.get(user_id) or user_id


async def story_of(ctx: Context, incident: Incident) -> Story:
    """Read the content of an incident's report from the store, with people's names.

    Calls Turso only to leave out open items of databases that no longer exist.
    """
    timeline = await timeline_of(ctx, incident)
    requests = timeline.requests
    reviews = await ctx.store.reviews.find(owed=False, request_ids=[one.id for one in requests])
    given = {review.request_id: review for review in reviews}
    open_items, catalogue = await still_open(ctx, incident), ctx.policy.catalogue
    story = Story(
        incident,
        ctx.now,
        catalogue,
        timeline.entries,
        requests,
        timeline.foreign,
        given,
        timeline.private,
        timeline.is_cut,
        open_items,
    )
    names = await ctx.names_of(story.named) if ctx.names_of else {}
    here = ctx.subject.channel
    channel_name = here.name if here.id == incident.channel_id else ""
    return replace(story, names=names, channel_name=channel_name)


def markdown(story: Story) -> str:
    """Return the report as Markdown."""
    lines = [
        *_head(story),
        "## What was done",
        "",
        "| Requested | By | What | Databases | Why | Approval | Outcome | Took |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_request_row(story, request) for request in story.requests),
        "",
        "## Timeline",
        "",
        "| When | What happened | Why |",
        "| --- | --- | --- |",
        *(_event(story, entry) for entry in story.entries),
        "",
        "## Still open",
        "",
        *_open(story),
    ]
    return "\n".join(lines) + "\n"


def _head(story: Story) -> list[str]:
    incident, until = story.incident, story.incident.ended_at or story.now
    how = f"by {escaped(story.who(incident.ended_by))}" if incident.ended_by else "at its time limit"
    ended = f"{utc(incident.ended_at)} {how}" if incident.ended_at else "still active"
    people = [escaped(story.who(one)) for one in story.people]
    channel = f"#{escaped(story.channel_name)}" if story.channel_name else escaped(incident.channel_id)
    missing = _missing(story)
    return [
        f"# Incident {incident.key}",
        "",
        f"- Channel: {channel}",
        f"- Started: {utc(incident.started_at)} by {escaped(story.who(incident.started_by))}",
        f"- Ended: {ended}",
        f"- Duration: {duration(until - incident.started_at)}",
        f"- Profile: {incident.profile}",
        f"- People: {', '.join(people)}",
        *([f"- Left out: {', '.join(missing)}"] if missing else []),
        "",
    ]


def _missing(story: Story) -> list[str]:
    """Return what a report doesn't contain."""
    private = [counted(story.private, "private request")] if story.private else []
    return private + ([f"everything before the last {len(story.entries):,} entries"] if story.is_cut else [])


def _request_row(story: Story, request: Request) -> str:
    at = changed_at(request)
    took = duration(at - request.created_at) if at else ""
    what = " ".join([request.command, *(one for one in request.plan.options if one.startswith("--"))])
    return _row(
        _marked(utc(request.created_at), story, request.id),
        story.who(request.requester),
        what,
        _names(tuple(one.name for one in request.plan.databases)),
        " ".join(filter(None, (request.reason, request.ticket))),
        _approval(story, request),
        f"{request.state.value}. {request.outcome}" if request.outcome else request.state.value,
        took,
    )


def _approval(story: Story, request: Request) -> str:
    """Return who approved or denied a request. For break-glass, return its review."""
    if request.mode is Mode.BREAK_GLASS:
        return f"break-glass; {_reviewed(story, request)}"
    words = [_voted(story, "approved", request.votes, approves=True), _voted(story, "denied", request.votes, False)]
    needed = request.quorum if request.mode is Mode.APPROVAL else 0
    return "; ".join(filter(None, words)) or (f"{needed} needed, none given" if needed else "none needed")


def _voted(story: Story, word: str, votes: Iterable[Vote], approves: bool) -> str:
    by = ", ".join(f"{story.who(vote.user_id)} {utc(vote.at)}" for vote in votes if vote.approves is approves)
    return f"{word} by {by}" if by else ""


def _reviewed(story: Story, request: Request) -> str:
    review = story.reviews.get(request.id)
    if review is None:
        return "not reviewed yet"
    verdict = "justified" if review.justified else "NOT justified"
    return f"reviewed by {story.who(review.reviewed_by)}: {verdict}. {review.comment}"


def _event(story: Story, entry: AuditEntry) -> str:
    writer = Writer(story.who, str, lambda one: one.databases, story.catalogue)
    why = " ".join(filter(None, (words_of(entry), str(entry.detail.get("ticket", "")), entry.request_id)))
    return _row(utc(entry.at), _marked(sentence_of(entry, writer), story, entry.request_id), why)


def _marked(text: str, story: Story, request_id: str) -> str:
    """Mark text about a request that wasn't made in this incident."""
    return f"{text} {FOREIGN}" if request_id in story.foreign else text


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def _row(*cells: str) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def _open(story: Story) -> list[str]:
    open_items = story.open_items
    waiting = [
        f"{verb} {subject} (requested by {story.who(requester)})"
        for _, verb, subject, requester, _ in open_items.requests
    ]
    unknown = [
        f"{verb} {subject} (requested by {story.who(requester)})" for _, verb, subject, requester in open_items.unknown
    ]
    tokens = [f"{name} (held by {story.who(holder)})" for _, name, holder in open_items.tokens]
    lines = [
        _list("Frozen", [name for _, name in open_items.frozen]),
        _list("In quarantine", [name for _, name in open_items.quarantined]),
        _list("Active tokens", tokens),
        _list("Open requests", waiting),
        _list("Outcome unknown", unknown),
        _list("Rewind copies that need a decision", [f"{copy} (of {source})" for _, copy, source in open_items.copies]),
        _list("Break-glass operations to review", [story.who(actor) for _, actor in open_items.reviews]),
        _list("From private requests", [counted(open_items.private, "item")] if open_items.private else []),
    ]
    return [line for line in lines if line] or ["Nothing."]


def _list(label: str, items: Sequence[str], cell: Callable[[str], str] = escaped) -> str:
    return f"- {label}: {', '.join(map(cell, items))}" if items else ""

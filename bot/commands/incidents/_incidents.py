"""Helpers of incident commands: the open items of an incident, and the last incident of a channel."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.blocks import buttons, kit
from bot.blocks.text import Mrkdwn, counted, joined, mrkdwn, people, person
from bot.commands._existing_databases import drop_gone
from bot.commands._lines import command_line
from bot.commands.base import Context
from bot.commands.incidents._timeline import belongs_to, is_about_incident, was_running_at
from bot.commands.requests.requests import OPEN, waits_for_requester
from bot.commands.rewind._rewinds import undecided
from bot.core.records.holds import HoldKind
from bot.core.records.incidents import Incident
from bot.core.reply import Block
from bot.core.requests.request import Mode, Request, State

KEPT = 50
"""The most items of each kind that are stored in facts and listed in the report."""
ROWS = 5
"""The most items of each kind that are shown in a message. The others are only counted."""
Row = list[str]
"""The ID that a button carries, followed by the texts to show."""


@dataclass(frozen=True, slots=True)
class OpenItems:
    """The open items of an incident, as plain values that can be stored as facts."""

    frozen: list[Row] = field(default_factory=list)
    """Hold ID, database."""
    quarantined: list[Row] = field(default_factory=list)
    """Request ID, database."""
    tokens: list[Row] = field(default_factory=list)
    """ID of the request that minted it, database, holder."""
    requests: list[Row] = field(default_factory=list)
    """Request ID, verb, subject, requester, and `approval` if it waits for an approver."""
    unknown: list[Row] = field(default_factory=list)
    """Request ID, verb, subject and requester of a change of which it isn't known whether it happened."""
    reviews: list[Row] = field(default_factory=list)
    """Request ID, and the person who used break-glass."""
    copies: list[Row] = field(default_factory=list)
    """ID of the rewind's request, its undecided copy, and the database that was copied."""
    private: int = 0
    """How many open items of private requests are left out, because the channel must not read about such requests."""

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "OpenItems":
        """Create it from stored facts."""
        return cls(**facts) if facts else cls()

    @property
    def is_empty(self) -> bool:
        """Return True if there are no open items."""
        return not any(asdict(self).values())

    def databases(self, rows: list[Row]) -> list[str]:
        """Return the database names in rows, sorted and without duplicates."""
        return sorted({row[1] for row in rows})


async def still_open(ctx: Context, incident: Incident) -> OpenItems:
    """Return what was started in the incident's channel during the incident, or by its rules, and hasn't ended.

    The incident's channel reads this, so items of private requests are only counted. Databases count as existing if
    Turso doesn't respond.
    """
    here, organization = incident.channel_id, incident.organization
    held = await ctx.store.holds.find(organization=organization)
    placed = [hold for hold in held if hold.kind is not HoldKind.FOUND]  # a found block isn't an item of its own
    begun = [hold for hold in placed if hold.channel_id == here and was_running_at(incident, hold.placed_at)]
    tokens = await ctx.store.tokens.find(organization=organization, live_at=ctx.now)
    minted = [token for token in tokens if token.channel_id == here and was_running_at(incident, token.minted_at)]
    ours, made, undone = await asyncio.gather(
        drop_gone(ctx.turso, begun), drop_gone(ctx.turso, minted), undecided(ctx, here)
    )
    copies = [one for one in undone if belongs_to(incident, one.request)]
    requests = await _open_requests(ctx, incident)
    owed = [review for review in await ctx.store.reviews.find(owed=True) if review.channel_id == here]
    reviews = [review for review in owed if was_running_at(incident, review.created_at)]
    about = [*(hold.request_id for hold in ours), *(token.request_id for token in made)]
    private = await _private_among(ctx, about)
    private |= {one.id for one in (*requests, *(copy.request for copy in copies)) if _is_hidden(one)}
    about += [*(copy.request.id for copy in copies), *(one.id for one in requests)]
    waiting = [one for one in requests if one.id not in private]
    holds = [hold for hold in ours if hold.request_id not in private]
    return OpenItems(
        frozen=[[hold.id, hold.database] for hold in holds if hold.kind is HoldKind.FREEZE][:KEPT],
        quarantined=[[hold.request_id, hold.database] for hold in holds if hold.kind is HoldKind.QUARANTINE][:KEPT],
        tokens=[[one.request_id, one.database, one.holder] for one in made if one.request_id not in private][:KEPT],
        requests=[_request(ctx, one) for one in waiting if one.state is not State.UNKNOWN][:KEPT],
        unknown=[_request(ctx, one)[:4] for one in waiting if one.state is State.UNKNOWN][:KEPT],
        reviews=[[review.request_id, review.actor] for review in reviews][:KEPT],
        copies=[[one.request.id, one.copy, one.source] for one in copies if one.request.id not in private][:KEPT],
        private=sum(one in private for one in about),
    )


async def _open_requests(ctx: Context, incident: Incident) -> list[Request]:
    """Return an incident's requests that wait for approval or a reveal, are under way, or have an unknown outcome."""
    requests = await ctx.store.requests.find(states=(*OPEN, State.UNKNOWN), channel_id=incident.channel_id)
    asked = [one for one in requests if belongs_to(incident, one) and not waits_for_requester(one)]
    return [one for one in asked if not is_about_incident(ctx, one) and one.state is not State.QUARANTINED]


async def _private_among(ctx: Context, request_ids: Iterable[str]) -> set[str]:
    """Return which of these requests are private."""
    found = [await ctx.store.requests.get(one) for one in dict.fromkeys(request_ids)]
    return {one.id for one in found if one is not None and one.is_private}


def _is_hidden(request: Request) -> bool:
    """Return True for a private request, unless it waits for approval: its card is in the channel then."""
    waits = request.mode is Mode.APPROVAL and request.state is State.PENDING
    return request.is_private and not waits


def _request(ctx: Context, request: Request) -> Row:
    decided = "approval" if request.mode is Mode.APPROVAL and request.state is State.PENDING else ""
    return [
        request.id,
        ctx.policy.catalogue.label_of(request.command),
        buttons.subject(request),
        request.requester,
        decided,
    ]


def open_items_blocks(open_items: OpenItems, *, approves: bool = True) -> list[Block]:
    """Return the blocks of the open items, with the buttons that settle them. Unknown outcomes have no button.

    Args:
        approves: True until the incident has ended, so that waiting requests can be approved by its rules.
    """
    if open_items.is_empty:
        return [kit.context(mrkdwn("There are no open items."))]
    blocks = [kit.section(mrkdwn("*Open items*"))]
    for hold_id, name in open_items.frozen[:ROWS]:
        words = mrkdwn(":snowflake: Frozen: `{}`", name)
        blocks.append(kit.section(words, accessory=buttons.thaw(hold_id, f"Thaw {name}"[:60])))
    for request_id, name in open_items.quarantined[:ROWS]:
        words = mrkdwn(":stopwatch: In quarantine: `{}`", name)
        blocks.append(kit.section(words, accessory=buttons.undo(request_id, f"Undo {name}"[:60])))
    for name in open_items.databases(open_items.tokens)[:ROWS]:
        blocks.append(_tokens(name, [row for row in open_items.tokens if row[1] == name]))
    for row in open_items.requests[:ROWS]:
        blocks += _waiting(row, approves=approves)
    for _, verb, subject, requester in open_items.unknown[:ROWS]:
        words = mrkdwn(":grey_question: Outcome unknown: *{}* `{}`, requested by {}", verb, subject, person(requester))
        blocks.append(kit.section(words))
    for row in open_items.copies[:ROWS]:
        blocks += _copy(row, approves=approves)
    for request_id, actor in open_items.reviews[:ROWS]:
        words = mrkdwn(":eyes: A break-glass operation by {} still needs a review", person(actor))
        blocks.append(kit.section(words, accessory=buttons.review(request_id)))
    more = sum(max(0, count - ROWS) for count in _counts(open_items))
    blocks += [kit.context(mrkdwn("And {} more in the report.", more))] if more else []
    private = counted(open_items.private, "item")
    return blocks + (
        [kit.context(mrkdwn("Not shown: {} from private requests.", private))] if open_items.private else []
    )


def _counts(open_items: OpenItems) -> list[int]:
    one = open_items
    kinds = (one.frozen, one.quarantined, one.databases(one.tokens), one.requests, one.unknown, one.copies, one.reviews)
    return [len(rows) for rows in kinds]


def _tokens(name: str, rows: list[Row]) -> Block:
    holders = people(dict.fromkeys(row[2] for row in rows), at_most=4)
    words = mrkdwn(":key: {} for `{}`, held by {}", counted(len(rows), "active token"), name, holders)
    return kit.section(words, accessory=buttons.revoke_tokens_of(rows[0][0], f"Rotate {name}"[:60]))


def _waiting(row: Row, *, approves: bool) -> list[Block]:
    request_id, verb, subject, requester, decided = row
    words = mrkdwn(":inbox_tray: *{}* `{}`, requested by {}", verb, subject, person(requester))
    note = mrkdwn("(can't be approved because the incident has ended)") if decided and not approves else Mrkdwn("")
    press = [buttons.approval_button(request_id)] if decided and approves else []
    press += [buttons.deny(request_id)] if decided else []
    return [kit.section(joined(" ", (words, note))), *kit.actions(*press, buttons.withdraw(request_id))]


def _copy(row: Row, *, approves: bool) -> list[Block]:
    """Return the blocks of an undecided copy. After the incident, only keeping or discarding it is offered."""
    request_id, copy, source = row
    switch = buttons.run(1, "Switch", command_line("rewind switch", source, copy=copy), style="primary")
    words = mrkdwn(":rewind: Needs a decision: `{}`, a rewind copy of `{}`", copy, source)
    return [kit.section(words), *kit.actions(*(switch if approves else []), *buttons.of_copy(request_id))]


async def last_incident(ctx: Context) -> Incident | None:
    """Return the active incident of this channel, or else the last one. None if there was none."""
    return await ctx.store.incidents.last_in(ctx.subject.channel.id)

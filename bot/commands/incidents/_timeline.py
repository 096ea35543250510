"""The timeline of an incident from the audit log: its requests, and outcomes of other requests while it was active."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.commands.base import Context
from bot.core.declaration import IncidentRole
from bot.core.records.audit_entry import AuditEntry
from bot.core.records.incidents import Incident
from bot.core.requests.request import Request

PAGE = 200
MOST = 5000
OUTCOMES: Final = frozenset({"executed", "finished", "undone", "revealed", "thawed"})
"""Events about the end of an operation, an undo, a reveal or a freeze. Denials, for example, aren't among them."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The audit entries of an incident, oldest first, and the requests that they are about."""

    entries: Sequence[AuditEntry] = ()
    requests: Sequence[Request] = ()
    """The requests, without those that start, extend or end an incident."""
    foreign: frozenset[str] = frozenset()
    """The IDs of requests that weren't made in this incident, but have one of the `OUTCOMES` while it was active."""
    private: int = 0
    """How many private requests were left out only because the channel must not read about them."""
    is_cut: bool = False
    """True if there are more than `MOST` entries, so that the oldest ones are missing."""


def was_running_at(incident: Incident, moment: datetime) -> bool:
    """Return True if the incident was active at a time."""
    return incident.started_at <= moment and (incident.ended_at is None or moment <= incident.ended_at)


def belongs_to(incident: Incident, request: Request) -> bool:
    """Return True if a request was made in an incident: under its rules, or in its channel while it was active.

    A follow-up on an open item of another incident belongs to that other incident.
    """
    if request.incident_id is not None:
        return request.incident_id == incident.id
    return request.channel_id == incident.channel_id and was_running_at(incident, request.created_at)


def is_about_incident(ctx: Context, request: Request) -> bool:
    """Return True if a request starts, extends or ends an incident. The report's table omits such requests."""
    return ctx.policy.catalogue.incident_role_of(request.command) is not IncidentRole.NONE


async def timeline_of(ctx: Context, incident: Incident) -> Timeline:
    """Return the timeline of an incident.

    Leaves out private requests. A request that wasn't made in the incident is only included if it has one of the
    `OUTCOMES` while the incident was active.
    """
    entries, is_cut = await _entries(ctx, incident)
    known = await _requests(ctx, entries)
    others = {one.id for one in known if not is_about_incident(ctx, one) and not belongs_to(incident, one)}
    ended = {one.request_id for one in entries if one.event in OUTCOMES}
    private = {one.id for one in known if one.is_private}
    left_out = (others - ended) | private
    return Timeline(
        [one for one in entries if one.request_id not in left_out],
        [one for one in known if not is_about_incident(ctx, one) and one.id not in left_out],
        frozenset(others & ended - private),
        len([one for one in known if one.id in private - (others - ended) and not is_about_incident(ctx, one)]),
        is_cut,
    )


async def _entries(ctx: Context, incident: Incident) -> tuple[list[AuditEntry], bool]:
    """Return the channel's audit entries from the incident's start to its end, oldest first.

    Leaves out reads. The second value is True if the oldest entries are missing because there are too many.
    """
    entries: list[AuditEntry] = []
    before, until = None, incident.ended_at or ctx.now
    while True:
        page = await ctx.store.audit.page(
            before_seq=before, limit=PAGE, channel_id=incident.channel_id, since=incident.started_at
        )
        entries += [entry for _, entry in page if entry.event != "read" and entry.at <= until]
        if len(page) < PAGE or len(entries) > MOST:
            return entries[:MOST][::-1], len(entries) > MOST
        before = page[-1][0]


async def _requests(ctx: Context, entries: Iterable[AuditEntry]) -> list[Request]:
    """Return the requests that entries are about, in the entries' order."""
    ids = dict.fromkeys(entry.request_id for entry in entries if entry.request_id)
    requests = [await ctx.store.requests.get(request_id) for request_id in ids]
    return [one for one in requests if one is not None]

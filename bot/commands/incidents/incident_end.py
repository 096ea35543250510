"""`/turso incident end`: end the incident of this channel, list its open items and post its report."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, mrkdwn
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.incidents._incidents import OpenItems, open_items_blocks, still_open
from bot.commands.incidents._markdown import markdown, story_of
from bot.commands.incidents.incident_report import filename
from bot.core.declaration import IncidentRole
from bot.core.model import Risk
from bot.core.records.audit_entry import AuditEntry
from bot.core.records.incidents import Incident
from bot.core.reply import Attachment, Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput

LONGEST_REPORT = 400_000
CUT = "…\n\n**The report is cut off here.** `/turso incident report` posts the full report.\n"


class IncidentEndArgs(BaseModel):
    pass


async def plan(ctx: Context, args: IncidentEndArgs) -> Plan:
    """Return the plan: what ends, and what stays."""
    incident = await ctx.store.incidents.running_in(ctx.subject.channel.id)
    if incident is None:
        raise BadInput(f"No incident is active in this channel.{await _elsewhere(ctx)}")
    open_items = await still_open(ctx, incident)
    left = [f"{name} stays frozen" for name in open_items.databases(open_items.frozen)]
    left += [f"{name} stays in quarantine" for name in open_items.databases(open_items.quarantined)]
    left += [f"Tokens for {name} stay valid until they expire" for name in open_items.databases(open_items.tokens)]
    left += [f"{name} remains until someone keeps or discards it" for name in open_items.databases(open_items.copies)]
    left += [f"{verb} {subject}: the outcome is still unknown" for _, verb, subject, _ in open_items.unknown]
    return Plan(
        target=None,
        steps=[f"End incident {incident.key}. Its permissions end immediately", "Post the report"],
        arguments={"incident_id": incident.id, "key": incident.key},
        facts={"Incident": incident.key},
        warnings=left,
    )


async def _elsewhere(ctx: Context) -> str:
    """Return a hint with incidents that this person has started in other channels, at most three. Or an empty text."""
    mine = [one.key for one in await ctx.store.incidents.find_running() if one.started_by == ctx.subject.person.id]
    if not mine:
        return ""
    keys = ", ".join(f"`{key}`" for key in mine[:3])
    return f" You started {keys} in another channel, so end it there. Your Home tab shows where."


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """End the incident in one transaction with its audit entry, unless it has already ended. Then write the report."""
    incident = await ctx.store.incidents.get(plan.arguments["incident_id"])
    if incident is None:
        raise BadInput("This incident no longer exists.")
    by = ctx.subject.person.id
    if not await ctx.store.incidents.end(incident.id, by, ctx.now, _entry(ctx, incident)):
        return await facts_again(ctx, plan)
    return await facts_of(ctx, replace(incident, ended_at=ctx.now, ended_by=by))


async def facts_again(ctx: Context, plan: Plan) -> Facts:
    """Write the report of the ended incident again. Empty if the incident no longer exists."""
    ended = await ctx.store.incidents.get(plan.arguments["incident_id"])
    return await facts_of(ctx, ended) if ended else {}


async def facts_of(ctx: Context, ended: Incident) -> Facts:
    """Return the open items and the report, for the last message of an incident."""
    story = await story_of(ctx, ended)
    return {"loose": asdict(story.open_items), "report": _stored(markdown(story))}


def _stored(report: str) -> str:
    """Return a report as it is stored, with a note if it had to be cut."""
    return report if len(report) <= LONGEST_REPORT else f"{report[:LONGEST_REPORT]}{CUT}"


def _entry(ctx: Context, incident: Incident) -> AuditEntry:
    return AuditEntry(
        at=ctx.now,
        event="incident_ended",
        outcome="succeeded",
        user_id=ctx.subject.person.id,
        channel_id=incident.channel_id,
        command="incident end",
        organization=incident.organization,
        detail={"incident": incident.id, "key": incident.key},
    )


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the incident has ended or no longer exists."""
    incident = await ctx.store.incidents.get(plan.arguments["incident_id"])
    return incident is None or incident.ended_at is not None


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message about the end, with open items, their buttons, and the report as a file."""
    key = str(plan.arguments["key"])
    return last_message(key, mrkdwn("ended. Incident permissions no longer apply here."), facts)


def last_message(key: str, how: Mrkdwn, facts: Mapping[str, Any]) -> Reply:
    """Return the last message of an incident, which says how it ended."""
    head = mrkdwn(":checkered_flag: Incident *{}* {}", key, how)
    text = str(facts.get("report", ""))
    file = Attachment(f"{filename(key)}.md", f"Incident {key}", text) if text else None
    left = facts.get("loose")
    unknown = kit.context(mrkdwn("The open items couldn't be read. `/turso incident report` lists them."))
    open_items = [unknown] if left is None else open_items_blocks(OpenItems.of(left), approves=False)
    return reply(head, [kit.section(head), *open_items], attachment=file)


command = ChangeCommand(
    name="incident end",
    usage="incident end",
    summary="End the incident and post its report",
    args=IncidentEndArgs,
    risk=Risk.LOW,
    position=250,
    verb="End incident",
    purpose="end the incident",
    incident=IncidentRole.ENDS,
    for_responders=True,
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
    facts_again=facts_again,
)

"""`/turso incident end`: end the incident of this channel; what is left open is listed, and the report is posted."""

from dataclasses import asdict, replace

from pydantic import BaseModel

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.blocks.verbs import verb_of
from bot.commands.base import Changing, Context, Facts
from bot.commands.incident_report import filename
from bot.commands.incidents import Loose, loose_blocks, report, still_open, timeline
from bot.core.model import Risk
from bot.core.plan import Plan
from bot.core.reply import Attachment, Reply
from bot.core.request import AuditEntry, Incident
from bot.errors import BadInput

LONGEST_REPORT = 400_000


class IncidentEndArgs(BaseModel):
    pass


async def plan(ctx: Context, args: IncidentEndArgs) -> Plan:
    """Say what ends, and what does not end with it."""
    incident = await ctx.memory.incident_in(ctx.subject.channel.id)
    if incident is None:
        raise BadInput("No incident runs in this channel.")
    loose = await still_open(ctx, incident)
    left = [f"{name} stays frozen" for name in loose.frozen] + [f"{name} stays in quarantine" for name in
                                                               loose.quarantined]  # fmt: skip
    left += [f"Tokens for {name} stay valid until they end" for name in loose.token_databases]
    return Plan(
        target=None,
        steps=[f"End incident {incident.key} in this channel: its rights end at once", "Post the report"],
        arguments={"incident_id": incident.id, "key": incident.key},
        facts={"Incident": incident.key},
        warnings=left,
    )


async def act(ctx: Context, plan: Plan) -> Facts:
    """End it in one transaction with its audit entry; then write the report."""
    incident = await ctx.memory.incident(plan.arguments["incident_id"])
    if incident is None:
        raise BadInput("This incident is not known any more.")
    by = ctx.subject.person.id
    await ctx.memory.end_incident(incident.id, by, ctx.now, _entry(ctx, incident))
    ended = replace(incident, ended_at=ctx.now, ended_by=by)
    loose = await still_open(ctx, ended)
    text = report(ended, await timeline(ctx, ended), loose, ctx.now)
    return {"loose": asdict(loose), "report": text[:LONGEST_REPORT]}


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
    """True once it is over."""
    incident = await ctx.memory.incident(plan.arguments["incident_id"])
    return incident is None or incident.ended_at is not None


def message(plan: Plan, facts: Facts) -> Reply:
    """It is over; what is open, with the buttons that settle it, and the report as a file."""
    key = str(plan.arguments["key"])
    head = mrkdwn(":checkered_flag: Incident *{}* has ended; its rights in this channel are gone.", key)
    text = str(facts.get("report", ""))
    file = Attachment(f"{filename(key)}.md", f"Incident {key}", text) if text else None
    return reply(head, [kit.section(head), *loose_blocks(Loose.of(facts.get("loose", {})))], attachment=file)


command = Changing(
    name="incident end",
    usage="incident end",
    summary="End this channel's incident, list what is open, post the report",
    args=IncidentEndArgs,
    risk=Risk.LOW,
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
    verb=verb_of("incident end"),
)

"""`/turso incident report`: the timeline of this channel's incident as a Markdown file."""

from pydantic import BaseModel

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import counted, duration, mrkdwn
from bot.commands.base import Context, Reading
from bot.commands.incidents import last_incident, loose_blocks, report, still_open, timeline
from bot.core.reply import Attachment, Reply
from bot.errors import BadInput


class IncidentReportArgs(BaseModel):
    pass


async def run(ctx: Context, args: IncidentReportArgs) -> Reply:
    """Of the incident that runs here, or else the last one."""
    incident = await last_incident(ctx)
    if incident is None:
        raise BadInput("No incident was run in this channel. `/turso incident start KEY` starts one.")
    entries, loose = await timeline(ctx, incident), await still_open(ctx, incident)
    until = incident.ended_at or ctx.now
    title = mrkdwn(":page_facing_up: Report of incident *{}*: {} in {}", incident.key, counted(len(entries), "entry",
                   "entries"), duration(until - incident.started_at))  # fmt: skip
    text = report(incident, entries, loose, ctx.now)
    return reply(
        title,
        [kit.section(title), *loose_blocks(loose)],
        attachment=Attachment(f"{filename(incident.key)}.md", f"Incident {incident.key}", text),
    )


def filename(key: str) -> str:
    """Write an incident's key as a name for a file."""
    return "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in key)


command = Reading(
    name="incident report",
    usage="incident report",
    summary="The timeline of this channel's incident as a Markdown file",
    args=IncidentReportArgs,
    run=run,
)

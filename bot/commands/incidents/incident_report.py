"""`/turso incident report`: post the timeline of this channel's incident as a Markdown file."""

from pydantic import BaseModel

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import counted, duration, linked_key, mrkdwn
from bot.commands.base import Context, ReadCommand
from bot.commands.incidents._incidents import last_incident, open_items_blocks
from bot.commands.incidents._markdown import markdown, story_of
from bot.core.model import Risk
from bot.core.reply import Attachment, Reply
from bot.errors import BadInput


class IncidentReportArgs(BaseModel):
    pass


async def run(ctx: Context, args: IncidentReportArgs) -> Reply:
    """Return the report of the active incident, or else of the last one."""
    incident = await last_incident(ctx)
    if incident is None:
        raise BadInput("There has been no incident in this channel. Start one with `/turso incident start KEY`.")
    story = await story_of(ctx, incident)
    until = incident.ended_at or ctx.now
    count = counted(len(story.entries), "entry", "entries")
    took = duration(until - incident.started_at)
    key = linked_key(ctx.policy.links.incident_url(incident.key), incident.key)
    title = mrkdwn(":page_facing_up: Report for incident *{}* ({} over {})", key, count, took)
    return reply(
        title,
        [kit.section(title), *open_items_blocks(story.open_items, approves=incident.ended_at is None)],
        attachment=Attachment(f"{filename(incident.key)}.md", f"Incident {incident.key}", markdown(story)),
    )


def filename(key: str) -> str:
    """Return an incident's key as a valid file name."""
    return "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in key)


command = ReadCommand(
    name="incident report",
    usage="incident report",
    summary="Post the incident report as a Markdown file",
    args=IncidentReportArgs,
    position=140,
    for_responders=True,
    run=run,
    risk=Risk.LOW,
)

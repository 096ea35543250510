"""`/turso incident status`: show the active incident of this channel, its end and its open items."""

from datetime import timedelta

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import linked_key, mrkdwn, person, span, when
from bot.commands._lines import command_line
from bot.commands._rights import may_use
from bot.commands.base import Context, ReadCommand
from bot.commands.incidents._incidents import open_items_blocks, still_open
from bot.commands.incidents.incident_start import usual_length
from bot.core.model import Risk
from bot.core.reply import Reply


class IncidentStatusArgs(BaseModel):
    pass


async def run(ctx: Context, args: IncidentStatusArgs) -> Reply:
    """Return the active incident and its open items. Calls Turso only to list the databases."""
    incident = await ctx.store.incidents.running_in(ctx.subject.channel.id)
    if incident is None:
        title = mrkdwn(":white_check_mark: No incident is active in this channel.")
        may_start = may_use(ctx, "incident start")
        row = [buttons.form("incident start", "Start incident")] if may_start else []
        return reply(title, [kit.section(title), *kit.actions(*row)])
    key = linked_key(ctx.policy.links.incident_url(incident.key), incident.key)
    title = mrkdwn(":rotating_light: Incident *{}* {}", key, _started(ctx.now - incident.started_at))
    lasting = usual_length(ctx.policy)
    longer = [buttons.extend_incident(incident.id, f"Extend to {span(lasting)}")]
    row = [*(longer if incident.until - ctx.now < lasting else [])]
    row += buttons.run(2, "Report", command_line("incident report"))
    row += [buttons.end_incident(incident.id)]
    until = mrkdwn("{} ({} left)", when(incident.until), span(incident.until - ctx.now))
    return reply(
        title,
        [
            kit.section(title),
            *kit.fields(
                [
                    ("Ends", until),
                    ("Started by", person(incident.started_by)),
                    ("Started", when(incident.started_at)),
                    ("Profile", mrkdwn("`{}`", incident.profile)),
                ]
            ),
            *open_items_blocks(await still_open(ctx, incident)),
            *kit.actions(*row),
            kit.context(mrkdwn("As of {}", when(ctx.now))),
        ],
    )


def _started(since: timedelta) -> str:
    """Return how long the incident has been active, in words."""
    return "started just now" if since < timedelta(minutes=1) else f"has been active for {span(since)}"


command = ReadCommand(
    name="incident status",
    usage="incident status",
    summary="Show the active incident and its open items",
    args=IncidentStatusArgs,
    position=130,
    aliases=("incident",),
    for_responders=True,
    run=run,
    risk=Risk.LOW,
)

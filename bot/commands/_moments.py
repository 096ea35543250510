"""Finds the time that a person means: in their time zone, or when an incident of this channel began."""

from datetime import datetime

from bot.commands.base import Context
from bot.core.parsing.arguments import quoted
from bot.core.parsing.moments import EXAMPLES, Moment
from bot.errors import BadInput


async def time_of(ctx: Context, moment: Moment) -> datetime:
    """Return a moment in UTC.

    Incidents of other channels aren't looked up, because not everyone here is allowed to know of them.

    Raises:
        BadInput: the time is in the future, before 1970, out of range, or skipped or repeated by a change of the
            clocks, the person's time zone is needed but unknown, or this channel had no such incident.
    """
    if not moment.incident:
        return moment.at(ctx.now, ctx.subject.person.tz)
    incident = await ctx.store.incidents.last_with_key(ctx.subject.channel.id, moment.incident)
    if incident is None:
        key = quoted(moment.incident)
        raise BadInput(f"No incident {key} was started in this channel. Give a time instead, such as {EXAMPLES}.")
    return incident.started_at

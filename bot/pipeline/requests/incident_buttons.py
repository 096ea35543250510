"""Handle the buttons of an incident's messages. They only affect that incident, even if a newer one is active."""

from dataclasses import replace

from bot.commands._lines import command_line
from bot.commands.follow_up import FollowUp
from bot.commands.incidents import incident_end, incident_start
from bot.commands.incidents.incident_start import usual_length
from bot.core.parsing.durations import duration_text
from bot.core.records.incidents import Incident
from bot.core.requests.incoming import Incoming
from bot.errors import BadInput
from bot.pipeline.approval.presses import may_be_pressed_in, require_access
from bot.pipeline.environment import Environment
from bot.pipeline.requests import command_lines
from bot.pipeline.requests.places import require_in_channel


async def extend(env: Environment, incoming: Incoming) -> str:
    """Handle Extend: set a later end of an active incident. Raises BadInput if it has ended or already ends later."""
    here, incident = await _running(env, incoming, "extend")
    lasting = usual_length(env.rules.policy)
    if incident.until - env.clock.now() >= lasting:
        raise BadInput(f"`{incident.key}` already runs longer than that. `/turso incident` shows when it ends.")
    line = command_line(incident_start.command.name, incident.key, for_=duration_text(lasting))
    return await _handle_line(env, here, incident, line)


async def end(env: Environment, incoming: Incoming) -> str:
    """Handle End: end the button's incident, but never a later one."""
    here, incident = await _running(env, incoming, "end")
    return await _handle_line(env, here, incident, command_line(incident_end.command.name))


def has_ended(incident: Incident) -> str:
    """Return a sentence that the incident has ended, and how to start another."""
    return f"`{incident.key}` has ended. Start another with `/turso incident start KEY`."


async def _running(env: Environment, incoming: Incoming, verb: str) -> tuple[Incoming, Incident]:
    """Return the press as if it were made in the incident's channel, and the incident.

    Raises BadInput if it has ended or can't be found.
    """
    await require_access(env, incoming, verb)
    incident = await env.store.incidents.get(incoming.value) if incoming.value else None
    if incident is None or not may_be_pressed_in(incoming.channel_id, incident.channel_id):
        raise BadInput("I can't find this incident. `/turso incident` shows the current one.")
    here = replace(incoming, channel_id=incident.channel_id)
    await require_in_channel(env, here)
    if incident.ended_at is not None or incident.until <= env.clock.now():
        raise BadInput(has_ended(incident))
    return here, incident


async def _handle_line(env: Environment, here: Incoming, incident: Incident, line: str) -> str:
    """Handle a command line as if the person had typed it. Its plan must be about this incident."""
    read = command_lines.line_of_press(env, here, line)
    about = FollowUp(incident_id=incident.id, over=has_ended(incident))
    return await command_lines.continue_request(env, here, await env.subject(here), read, follow_up=about)

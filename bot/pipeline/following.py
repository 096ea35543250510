"""What follows an outcome beside its words: a report's file, and the timeline of an incident."""

import structlog

from bot.commands.base import Changing
from bot.core.reply import Reply
from bot.core.request import Request, State
from bot.errors import BotError
from bot.pipeline.answering import said
from bot.pipeline.environment import Environment
from bot.pipeline.telling import below_card

log = structlog.get_logger(__name__)


async def follow_up(env: Environment, request: Request) -> None:
    """Do it for a change that has succeeded. Safe to run again: a file may come twice, nothing else."""
    command = env.by_name.get(request.command)
    if request.state is not State.SUCCEEDED or not isinstance(command, Changing):
        return
    copies = await env.memory.cards(request.id)
    if request.command == "incident start" and copies:
        await _begin_timeline(env, *copies[0])
    reply = command.message(request.plan, request.facts)
    if not request.private:
        await share_file(env, reply, *await below_card(env, request))


async def _begin_timeline(env: Environment, channel_id: str, ts: str) -> None:
    """The card that said the incident has started is the message under which all else stands."""
    incident = await env.memory.incident_in(channel_id)
    if incident and incident.timeline_ts is None:
        await env.memory.set_timeline(incident.id, ts)


async def share_file(env: Environment, reply: Reply, channel_id: str, thread_ts: str | None) -> None:
    """Share the file of a message, if it has one; that it cannot be shared is said there."""
    file = reply.attachment
    if file is None:
        return
    try:
        await env.messenger.upload(channel_id, file.filename, file.content, title=file.title, thread_ts=thread_ts)
    except BotError as error:
        log.warning("could not share a file", filename=file.filename, why=str(error))
        await env.messenger.post(channel_id, said(f"The file could not be shared: {error}"), thread_ts=thread_ts)

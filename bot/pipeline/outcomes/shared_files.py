"""Reports and files that are shared after a change, and the timeline of an incident that it has started."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import structlog

from bot.core.declaration import IncidentRole
from bot.core.reply import Attachment, Reply
from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import Request, State
from bot.errors import BotError, CannotPost, Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import may_be_seen
from bot.pipeline.outcomes.request_cards import announce_again, below_card, success_message
from bot.pipeline.replies import private_note

log = structlog.get_logger(__name__)
FILE: Final = "file"
"""The `event` of the notice that a file was shared."""
PRIVATE_FILE: Final = "private_file"
"""The `event` of the note that a file is only for one person. Its `how` is the channel of their direct messages."""
REPORTS: Final[Mapping[State, str]] = {
    State.SUCCEEDED: "report",
    State.QUARANTINED: "report",
    State.RESTORED: "report_undone",
}
"""The `event` of a request's report, by the state after which it is shared. An undo gets its own report."""


async def share_results(env: Environment, request: Request) -> None:
    """Share a change's report and file, and update its incident's cards. Safe to run again. Raises Unavailable."""
    await _share_report(env, request)
    reply = success_message(env, request)
    if request.state is not State.SUCCEEDED or reply is None:
        return
    role, copies = env.catalogue.incident_role_of(request.command), await env.store.cards.of(request.id)
    if role is IncidentRole.STARTS and copies:
        await _begin_timeline(env, *copies[0])
    if role is not IncidentRole.NONE:
        await _announce_again(env, request)
    if reply.attachment and not await env.store.notices.was_notified(request.id, FILE):
        if request.is_private:
            await share_privately(env, reply, request.requester, subject=request.id)
        else:
            channel_id, thread_ts = await below_card(env, request)
            await share_file(env, reply, channel_id, None if request.incident_id else thread_ts)
        await env.store.notices.set_notified(request.id, FILE, how="person" if request.is_private else "channel")


async def _share_report(env: Environment, request: Request) -> None:
    """Share the report of a change or of its undo below its card.

    After a rotation, the report isn't shared until the proof for the target is complete.
    """
    command, proof = env.by_name.get(request.command), Proof.of(request.facts)
    is_checked = proof is None or proof.target.tokens is not OldTokens.WATCHED
    event = REPORTS.get(request.state) if is_checked or request.state is State.RESTORED else None
    if command is None or command.report is None or event is None or request.is_private:
        return
    if await env.store.notices.was_notified(request.id, event):
        return
    made = await env.store.requests.get(request.plan.decides) if request.plan.decides else None
    if made is not None and (made.is_private or made.channel_id != request.channel_id):
        return  # the report describes that request, which people in this channel must not read
    channel_id, thread_ts = await below_card(env, request)
    ctx = env.context(await env.requester_of(request), organization=request.organization)
    await _share(env, await command.report(ctx, request), channel_id, thread_ts)
    await env.store.notices.set_notified(request.id, event, how="channel")


async def _begin_timeline(env: Environment, channel_id: str, ts: str) -> None:
    """Make the card that announces an incident the first message of its timeline."""
    incident = await env.store.incidents.running_in(channel_id)
    if incident and incident.timeline_ts is None:
        await env.store.incidents.set_timeline(incident.id, ts)


async def _announce_again(env: Environment, request: Request) -> None:
    """Update the other cards that announce the incident of a request."""
    incident = await env.store.incidents.get(str(request.plan.arguments.get("incident_id", "")))
    if incident is not None:
        await announce_again(env, incident, but=request.id)


async def share_file(env: Environment, reply: Reply, channel_id: str, thread_ts: str | None) -> None:
    """Share a message's file, if it has one and the channel may see it. If Slack refuses it, post a note instead.

    Raises:
        Unavailable: Slack doesn't accept the file now.
    """
    if reply.attachment is not None:
        await _share(env, reply.attachment, channel_id, thread_ts)


async def share_privately(env: Environment, reply: Reply, user_id: str, *, subject: str) -> None:
    """Share a message's file, if it has one, in a person's direct messages, because the channel must not read it.

    Safe to run again: the note before the file is sent once.

    Args:
        subject: what the file is about, such as the ID of a request.
    Raises:
        Unavailable: sharing may work later.
    """
    if reply.attachment is None:
        return
    with suppress(CannotPost):
        if place := await _direct_messages(env, reply.attachment, user_id, subject):
            await _share(env, reply.attachment, place, None)


async def _direct_messages(env: Environment, file: Attachment, user_id: str, subject: str) -> str:
    """Send the note about a private file, and return the channel ID of the person's direct messages.

    If the note was already sent, only returns the channel. It is stored with the note, because only a message to the
    person says it. Empty if Slack sent the note and didn't return the channel.
    """
    if (place := await env.store.notices.how_notified(subject, PRIVATE_FILE, user_id)) is not None:
        return place
    note = private_note(f"{file.title}: only you can see this report, because the command's answer was private.")
    sent = await env.messenger.direct(user_id, note)
    place = sent[0] if sent else ""
    await env.store.notices.set_notified(subject, PRIVATE_FILE, how=place, person=user_id)
    return place


async def _share(env: Environment, file: Attachment, channel_id: str, thread_ts: str | None) -> None:
    if not await may_be_seen(env, channel_id):
        return
    try:
        await env.messenger.upload(channel_id, file.filename, file.content, title=file.title, thread_ts=thread_ts)
    except Unavailable:
        raise
    except BotError as error:
        log.warning("could not share a file", filename=file.filename, why=str(error))
        with suppress(CannotPost):
            await env.messenger.post(
                channel_id, private_note(f"The file couldn't be shared. {error}"), thread_ts=thread_ts
            )

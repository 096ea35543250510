"""Handle the buttons of a request that run a command line in its channel: Ask again, and Freeze first."""

from dataclasses import replace

from bot.blocks import kit
from bot.blocks.card_buttons import may_ask_again
from bot.blocks.message import reply
from bot.blocks.request_text import STATE_WORDS
from bot.blocks.text import channel, mrkdwn
from bot.commands._lines import command_line
from bot.commands.databases import freeze, thaw
from bot.commands.follow_up import FollowUp
from bot.core.model import Subject
from bot.core.parsing.parse_results import Incomplete
from bot.core.ports import address_of
from bot.core.requests.incoming import Incoming
from bot.core.requests.plan import ALERT
from bot.core.requests.request import Request
from bot.errors import Refused
from bot.pipeline.approval.presses import request_of
from bot.pipeline.environment import Environment
from bot.pipeline.requests import command_lines
from bot.pipeline.requests.open_form import open_form
from bot.pipeline.requests.open_items import request_follow_up
from bot.pipeline.requests.places import require_in_channel

OTHER_ORGANIZATION = "This channel now belongs to another organization, so nothing was requested."


async def ask_again(env: Environment, incoming: Incoming) -> str:
    """Handle Ask again: decide on the request's line as if the person had typed it in the request's channel.

    What the first request was bound to still applies: its alert, its freeze, or the open item of its incident.

    Raises:
        BotError: the card of the request doesn't offer this, or it was refused. Nothing was requested.
    """
    request = await request_of(env, incoming, "request")
    if not may_ask_again(request, env.catalogue):
        raise Refused(f"You can't ask again here. This request {STATE_WORDS[request.state]}.")
    line = incoming.text or request.line
    bound = await _bound_to(env, request)
    if bound is not None and bound.database_id:
        return await _answered(env, incoming, request, await request_follow_up(env, incoming, request, line, bound))
    return await _handle_line(env, incoming, request, line, bound)


async def freeze_first(env: Environment, incoming: Incoming) -> str:
    """Handle Freeze first: request a freeze of the request's database, because a rotation may take an hour.

    Raises:
        BotError: the request has no database, or another one has its name now. Nothing was requested.
    """
    request = await request_of(env, incoming, "freeze")
    if request.plan.target is None:
        raise Refused("This request has no database to freeze.")
    line = incoming.text or command_line(freeze.command.name, request.plan.target.name)
    return await _handle_line(env, incoming, request, line, FollowUp(request.plan.target.id))


async def _handle_line(
    env: Environment, incoming: Incoming, request: Request, line: str, bound: FollowUp | None
) -> str:
    """Handle a line as if the person had typed it in the request's channel, also if they pressed elsewhere."""
    thread_ts = incoming.thread_ts if incoming.channel_id == request.channel_id else request.thread_ts
    here = replace(incoming, channel_id=request.channel_id, thread_ts=thread_ts)
    await require_in_channel(env, here)
    read, subject = env.grammar.parse(line), await env.subject(here)
    _require_same_organization(env, subject, request)
    if isinstance(read, Incomplete):  # the command has got another required argument since
        return await open_form(env, here, subject, read)
    outcome = await command_lines.continue_request(env, here, subject, read, follow_up=bound)
    return await _answered(env, incoming, request, outcome)


async def _answered(env: Environment, incoming: Incoming, request: Request, outcome: str) -> str:
    """Say where the new request is if the person, who pressed elsewhere, doesn't see it there."""
    if incoming.channel_id != request.channel_id and outcome in ("approval_asked", "accepted"):
        words = mrkdwn("Requested in {}. The outcome will appear there.", channel(request.channel_id))
        await env.messenger.send_ephemeral(address_of(incoming), reply(words, [kit.section(words)], private=True))
    return outcome


async def _bound_to(env: Environment, request: Request) -> FollowUp | None:
    """Return what the button that led to a request was bound to, or None if only its line counts.

    Raises:
        Refused: the freeze that it would have ended is over.
    """
    plan, target = request.plan, request.plan.target
    if alert := plan.arguments.get(ALERT):
        return FollowUp(alert=alert)
    if target is None:
        return None
    if not plan.arguments.get(thaw.ONE):
        return FollowUp(target.id) if plan.settles else None
    holds = [await env.store.holds.get(hold_id) for hold_id in thaw.holds_ended_by(plan)]
    hold = next((one for one in holds if one is not None and one.released_at is None), None)
    if hold is None:
        raise Refused(f"There is nothing to thaw. The freeze on `{target.name}` is over.")
    return FollowUp(target.id, hold)


def _require_same_organization(env: Environment, subject: Subject, request: Request) -> None:
    """Raise Refused if the policy has assigned another organization to the channel since the request was made."""
    bound = env.rules.policy.binding(subject)
    if bound is not None and request.organization not in ("", bound.organization):
        raise Refused(OTHER_ORGANIZATION)

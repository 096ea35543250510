"""Finds the conversation that a call names, and checks what the app may do in it."""

from __future__ import annotations

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Channel
from bot.sandbox.workspace.webapi.arguments import Args
from bot.sandbox.workspace.webapi.methods import Context


def known(ctx: Context, channel_id: str | None) -> Channel:
    """Return a conversation by its ID, if the app can see it.

    Raises:
        SlackError: `channel_not_found`, also for a private conversation that the app isn't in.
    """
    channel = ctx.state.channels.get(channel_id or "")
    if channel is None:
        raise SlackError("channel_not_found")
    if not is_member(ctx, channel) and (channel.is_private or channel.is_im or channel.is_mpim):
        raise SlackError("channel_not_found")
    return channel


def to_post_in(ctx: Context, name: str) -> Channel:
    """Return the conversation to post in. `name` is its ID or name (also with `#`), or the ID of a person to write to.

    Raises:
        SlackError: `channel_not_found`, `not_in_channel`, `is_archived`, `messages_tab_disabled`, or `team_not_found`
            for a name if the app is installed for a Grid organization.
    """
    if name in ctx.state.people:
        return _direct(ctx, name)
    channel = known(ctx, _id_of(ctx, name))
    if channel.is_archived:
        raise SlackError("is_archived")
    if not is_member(ctx, channel) and not ctx.app.has("chat:write.public"):
        raise SlackError("not_in_channel")
    return channel


def joined(ctx: Context, channel_id: str) -> Channel:
    """Return a conversation that the app is a member of.

    Raises:
        SlackError: `channel_not_found`, `not_in_channel`.
    """
    channel = known(ctx, channel_id)
    if not is_member(ctx, channel):
        raise SlackError("not_in_channel")
    return channel


def check_posting(channel: Channel, args: Args) -> None:
    """Check that the channel's posting setting allows the app's message.

    Raises:
        SlackError: one of Slack's codes that begin with `restricted_action`.
    """
    in_thread = args.text("thread_ts") is not None
    if channel.posting == "admins":
        raise SlackError("restricted_action")
    if channel.posting == "threads" and not in_thread:
        raise SlackError("restricted_action_thread_only_channel")
    if channel.posting == "no_threads" and in_thread:
        raise SlackError("restricted_action_non_threadable_channel")


def is_member(ctx: Context, channel: Channel) -> bool:
    return ctx.app.bot_user_id in channel.members


def scopes_of(channel: Channel, what: str) -> str:
    """Return the scope for `what` (such as `read`) in this type of conversation: `channels:read`, `im:read`, …"""
    kind = "im" if channel.is_im else "mpim" if channel.is_mpim else "groups" if channel.is_private else "channels"
    return f"{kind}:{what}"


def _id_of(ctx: Context, name: str) -> str:
    if name in ctx.state.channels:
        return name
    if ctx.state.org_wide:  # names aren't unique in an organization
        raise SlackError("team_not_found")
    bare = name.removeprefix("#")
    named = (each for each in ctx.state.channels.values() if each.name == bare and not each.is_im)
    return next((channel.id for channel in named), name)


def _direct(ctx: Context, person_id: str) -> Channel:
    person = ctx.state.people[person_id]
    if person.deleted or person.is_bot:
        raise SlackError("channel_not_found")
    if not ctx.app.messages_tab:
        raise SlackError("messages_tab_disabled")
    return ctx.state.direct_channel(person_id)

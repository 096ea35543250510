"""`conversations.*` and `users.conversations`."""

from __future__ import annotations

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.ids import new_id
from bot.sandbox.workspace.model import Channel, Json, Message
from bot.sandbox.workspace.people import as_channel
from bot.sandbox.workspace.records import Change
from bot.sandbox.workspace.webapi import places
from bot.sandbox.workspace.webapi.arguments import Args
from bot.sandbox.workspace.webapi.methods import Context, Table
from bot.sandbox.workspace.webapi.paging import page

conversations = Table()
_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
_SCOPE_OF_TYPE = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "im": "im:read",
    "mpim": "mpim:read",
}


@conversations.method("conversations.info", *_READ, tier=3)
async def info(ctx: Context) -> Json:
    channel = places.known(ctx, ctx.args.required("channel"))
    ctx.need(places.scopes_of(channel, "read"))
    return {"channel": as_channel(ctx.state, channel, with_count=ctx.args.flag("include_num_members"))}


@conversations.method("conversations.members", *_READ, tier=4)
async def members(ctx: Context) -> Json:
    channel = places.known(ctx, ctx.args.required("channel"))
    ctx.need(places.scopes_of(channel, "read"))
    found, cursor = page(ctx.args, ctx.state.active_members(channel))
    return {"members": found, "response_metadata": cursor}


@conversations.method("conversations.list", *_READ, tier=2)
async def list_all(ctx: Context) -> Json:
    ctx.need_team()
    return _listed(ctx, [each for each in ctx.state.channels.values() if _is_known(ctx, each)])


@conversations.method("users.conversations", *_READ, tier=3)
async def of_user(ctx: Context) -> Json:
    person_id = ctx.args.text("user") or ctx.app.bot_user_id
    if person_id not in ctx.state.people:
        raise SlackError("user_not_found")
    known = [each for each in ctx.state.channels.values() if _is_known(ctx, each) and person_id in each.members]
    return _listed(ctx, known)


@conversations.method("conversations.open", "im:write", "mpim:write", tier=3)
async def open_direct(ctx: Context) -> Json:
    if channel_id := ctx.args.text("channel"):
        return _opened(ctx, places.known(ctx, channel_id), was_open=True)
    users = ctx.args.names("users")
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 8:
        raise SlackError("too_many_users")
    for person_id in users:
        _check_reachable(ctx, person_id)
    if len(users) == 1:
        ctx.need("im:write")
        return _opened(ctx, ctx.state.direct_channel(users[0]), was_open=False)
    ctx.need("mpim:write")
    return _opened(ctx, _group_channel(ctx, users), was_open=False)


@conversations.method("conversations.join", "channels:join", tier=3)
async def join(ctx: Context) -> Json:
    channel = ctx.state.channels.get(ctx.args.required("channel"))
    if channel is None:
        raise SlackError("channel_not_found")
    if channel.is_private or channel.is_im or channel.is_mpim:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if not places.is_member(ctx, channel):
        channel.members.append(ctx.app.bot_user_id)
        ctx.state.changes.publish(Change(kind="channel", channel_id=channel.id))
    return {"channel": as_channel(ctx.state, channel)}


@conversations.method("conversations.history", *_HISTORY, tier=3)
async def history(ctx: Context) -> Json:
    channel = places.joined(ctx, ctx.args.required("channel"))
    ctx.need(places.scopes_of(channel, "history"))
    posted = [each for each in ctx.state.messages.get(channel.id, {}).values() if each.is_in_channel]
    return _messages(ctx, posted[::-1])


@conversations.method("conversations.replies", *_HISTORY, tier=3)
async def replies(ctx: Context) -> Json:
    channel = places.joined(ctx, ctx.args.required("channel"))
    ctx.need(places.scopes_of(channel, "history"))
    ts = ctx.args.required("ts")
    if ctx.state.message(channel.id, ts) is None:
        raise SlackError("thread_not_found")
    posted = ctx.state.messages[channel.id].values()
    return _messages(ctx, [each for each in posted if ts in (each.ts, each.thread_ts)])


# -- helpers


def _messages(ctx: Context, found: list[Message]) -> Json:
    shown, cursor = page(ctx.args, _between(ctx.args, found))
    with_metadata = ctx.args.flag("include_all_metadata")
    return {
        "messages": [each.as_slack(with_metadata=with_metadata) for each in shown],
        "has_more": bool(cursor["next_cursor"]),
        "response_metadata": cursor,
    }


def _between(args: Args, found: list[Message]) -> list[Message]:
    oldest, latest = _bound(args, "oldest", 0.0), _bound(args, "latest", float("inf"))
    return [each for each in found if oldest < float(each.ts) < latest]


def _bound(args: Args, name: str, default: float) -> float:
    try:
        return float(args.text(name) or default)
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None


def _listed(ctx: Context, found: list[Channel]) -> Json:
    types = ctx.args.names("types") or ["public_channel"]
    for each in types:
        if each not in _SCOPE_OF_TYPE:
            raise SlackError("invalid_types")
        ctx.need(_SCOPE_OF_TYPE[each])
    skip_archived = ctx.args.flag("exclude_archived")
    fitting = [each for each in found if _type_of(each) in types and not (skip_archived and each.is_archived)]
    shown, cursor = page(ctx.args, fitting)
    return {"channels": [as_channel(ctx.state, each) for each in shown], "response_metadata": cursor}


def _type_of(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "mpim" if channel.is_mpim else "private_channel" if channel.is_private else "public_channel"


def _is_known(ctx: Context, channel: Channel) -> bool:
    return places.is_member(ctx, channel) or _type_of(channel) == "public_channel"


def _check_reachable(ctx: Context, person_id: str) -> None:
    person = ctx.state.people.get(person_id)
    if person is None:
        raise SlackError("user_not_found")
    if person.deleted:
        raise SlackError("user_disabled")
    if person_id == ctx.app.bot_user_id:
        raise SlackError("invalid_user_combination")


def _group_channel(ctx: Context, users: list[str]) -> Channel:
    everybody = {*users, ctx.app.bot_user_id}
    for channel in ctx.state.channels.values():
        if channel.is_mpim and set(channel.members) == everybody:
            return channel
    names = "--".join(ctx.state.people[each].name for each in users)
    channel = Channel(id=new_id("C"), name=f"mpdm-{names}-1", created=ctx.state.time.now(), is_mpim=True,
                      members=[*users, ctx.app.bot_user_id])  # fmt: skip
    ctx.state.channels[channel.id] = channel
    return channel


def _opened(ctx: Context, channel: Channel, *, was_open: bool) -> Json:
    whole = as_channel(ctx.state, channel) if ctx.args.flag("return_im") else {"id": channel.id}
    return {"channel": whole, **({"no_op": True, "already_open": True} if was_open else {})}

"""`users.*` and `usergroups.*`."""

from __future__ import annotations

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.people import as_user, as_usergroup
from bot.sandbox.workspace.webapi.methods import Context, Table
from bot.sandbox.workspace.webapi.paging import page

people = Table()


@people.method("users.info", "users:read", tier=4)
async def info(ctx: Context) -> Json:
    person = ctx.state.people.get(ctx.args.required("user"))
    if person is None:
        raise SlackError("user_not_found")
    if person.team_id != ctx.state.team_id and not _is_visible(ctx, person.id):
        raise SlackError("user_not_visible")
    return {"user": as_user(ctx.state, person, with_email=ctx.app.has("users:read.email"))}


@people.method("users.list", "users:read", tier=2)
async def list_all(ctx: Context) -> Json:
    ctx.need_team()
    everybody = [each for each in ctx.state.people.values() if each.team_id == ctx.state.team_id]
    shown, cursor = page(ctx.args, everybody)
    with_email = ctx.app.has("users:read.email")
    return {"members": [as_user(ctx.state, each, with_email=with_email) for each in shown], "response_metadata": cursor}


@people.method("users.lookupByEmail", "users:read.email", tier=3)
async def by_email(ctx: Context) -> Json:
    email = ctx.args.required("email").lower()
    for person in ctx.state.people.values():
        if person.team_id == ctx.state.team_id and not person.deleted and (person.email or "").lower() == email:
            return {"user": as_user(ctx.state, person, with_email=True)}
    raise SlackError("users_not_found")


@people.method("usergroups.list", "usergroups:read", tier=2)
async def list_groups(ctx: Context) -> Json:
    _check_plan(ctx)
    with_disabled, with_users = ctx.args.flag("include_disabled"), ctx.args.flag("include_users")
    with_count = ctx.args.flag("include_count")
    shown = [each for each in ctx.state.usergroups.values() if with_disabled or not each.disabled]
    return {
        "usergroups": [as_usergroup(ctx.state, each, with_users=with_users, with_count=with_count) for each in shown]
    }


@people.method("usergroups.users.list", "usergroups:read", tier=2)
async def members(ctx: Context) -> Json:
    _check_plan(ctx)
    group = ctx.state.usergroups.get(ctx.args.required("usergroup"))
    if group is None or (group.disabled and not ctx.args.flag("include_disabled")):
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


def _check_plan(ctx: Context) -> None:
    """Require a paid plan, which user groups need, and `team_id` if the app is installed for a Grid organization.

    Raises:
        SlackError: `plan_upgrade_required`, `missing_argument`.
    """
    if not ctx.state.paid_plan:
        raise SlackError("plan_upgrade_required")
    ctx.need_team()


def _is_visible(ctx: Context, person_id: str) -> bool:
    """Return whether the app can see a person of another workspace: they must be in a channel together."""
    bot = ctx.app.bot_user_id
    return any({person_id, bot} <= set(channel.members) for channel in ctx.state.channels.values())

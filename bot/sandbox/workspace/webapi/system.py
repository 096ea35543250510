"""`auth.test`, `team.info`, `apps.connections.open` and `blocks.validate`."""

from __future__ import annotations

from bot.sandbox.workspace.blockkit import validate_message, validate_view
from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.webapi.arguments import invalid_arguments
from bot.sandbox.workspace.webapi.methods import Context, Table

system = Table()
_VALIDATED_CHARACTERS = 100_000


@system.method("auth.test")
async def auth_test(ctx: Context) -> Json:
    state = ctx.state
    return {
        "url": f"https://{state.domain}.slack.com/",
        "team": state.team_name,
        "user": ctx.app.bot_name,
        "team_id": state.team_id,
        "user_id": ctx.app.bot_user_id,
        "bot_id": ctx.app.bot_id,
        "is_enterprise_install": state.org_wide,
        **({"enterprise_id": state.enterprise_id} if state.enterprise_id else {}),
    }


@system.method("team.info", "team:read", tier=3)
async def team_info(ctx: Context) -> Json:
    return {"team": {"id": ctx.state.team_id, "name": ctx.state.team_name, "domain": ctx.state.domain}}


@system.method("apps.connections.open", "connections:write", tier=3, caller="app")
async def open_connection(ctx: Context) -> Json:
    ticket = ctx.sockets.ticket()
    host = ctx.state.origin.removeprefix("http://").removeprefix("https://")
    return {"url": f"ws://{host}/link/?ticket={ticket}&app_id={ctx.app.app_id}"}


@system.method("blocks.validate")
async def validate_blocks(ctx: Context) -> Json:
    given = [name for name in ("blocks", "message", "view") if ctx.args.text(name) is not None]
    if len(given) != 1:
        raise invalid_arguments("exactly one of blocks, message, view is needed")
    name = given[0]
    if len(str(ctx.args.given[name])) > _VALIDATED_CHARACTERS:
        raise invalid_arguments("must be less than 100001 characters", f"/{name}")
    found = ctx.args.structure(name, f"invalid_{name}")
    if name == "blocks":
        found = {"blocks": found}
    problems = validate_view(found) if name == "view" else validate_message(found)
    if problems:
        errors = [
            {"pointer": each.pointer, "code": each.code, "message": each.message, "constraint": each.constraint}
            for each in problems
        ]
        raise SlackError(f"invalid_{name}", errors=errors)
    return {}

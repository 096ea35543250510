"""`views.*`: modals and Home."""

from __future__ import annotations

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.webapi.arguments import invalid_arguments
from bot.sandbox.workspace.webapi.methods import Context, Table

views = Table()


@views.method("views.open", tier=4)
async def open_view(ctx: Context) -> Json:
    source = _source(ctx)
    trigger = ctx.state.triggers.exchange(ctx.args.required("trigger_id"), ctx.state.time.now())
    return {"view": ctx.views.open(trigger, source).as_slack()}


@views.method("views.push", tier=4)
async def push_view(ctx: Context) -> Json:
    source = _source(ctx)
    trigger = ctx.state.triggers.exchange(ctx.args.required("trigger_id"), ctx.state.time.now())
    return {"view": ctx.views.push(trigger, source).as_slack()}


@views.method("views.update", tier=4)
async def update_view(ctx: Context) -> Json:
    view_id, external_id = ctx.args.text("view_id"), ctx.args.text("external_id")
    if (view_id is None) == (external_id is None):
        raise invalid_arguments("exactly one of view_id and external_id is needed")
    expected = ctx.args.text("hash")
    return {
        "view": ctx.views.update(
            _source(ctx), view_id=view_id, external_id=external_id, expected=expected
        ).as_slack()
    }  # fmt: skip


@views.method("views.publish", tier=4)
async def publish_view(ctx: Context) -> Json:
    person_id = ctx.args.required("user_id")
    if not ctx.app.home_tab:
        raise SlackError("not_enabled")
    person = ctx.state.people.get(person_id)
    if person is None or person.is_bot or person.deleted:
        raise invalid_arguments("invalid user_id", "/user_id")
    return {"view": ctx.views.publish(person_id, _source(ctx), expected=ctx.args.text("hash")).as_slack()}


def _source(ctx: Context) -> object:
    found: object = ctx.args.structure("view", "invalid_arguments")
    if found is None:
        raise invalid_arguments("missing required field: view")
    return found

"""`/turso db restore NAME`: end the quarantine that a destroy or a switch to a copy began."""

from typing import Annotated

from pydantic import BaseModel

from bot.blocks.text import utc
from bot.commands._targets import read_target
from bot.commands.base import ChangeCommand, Context
from bot.commands.databases._holds import open_quarantine
from bot.commands.databases.destroy import is_unblocked, restored_message, unblock
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Positional
from bot.core.requests.plan import Plan, PlanTarget
from bot.core.requests.request import Request, State
from bot.errors import BadInput


class RestoreArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]


async def plan(ctx: Context, args: RestoreArgs) -> Plan:
    """Return the plan, which names the request that the pipeline undoes.

    Refuses a database that isn't in quarantine.
    """
    target = await read_target(ctx, args.name)
    quarantine = await quarantine_of(ctx, target)
    if quarantine is None:
        raise BadInput(f"`{args.name}` isn't in quarantine, so there is nothing to restore.")
    due = {"Due to be destroyed": utc(quarantine.due_at)} if quarantine.due_at else {}
    countdown = " and its countdown" if quarantine.due_at else ""
    return Plan(
        target=target,
        steps=[f"End the quarantine of {args.name}{countdown}", "Unblock reads and writes"],
        arguments={"request_id": quarantine.id},
        facts={**due, "Quarantine request": quarantine.id},
        databases=(target.as_seen,),
    )


async def quarantine_of(ctx: Context, target: PlanTarget) -> Request | None:
    """Return the request, a destroy or a switch, that holds this database in quarantine. None if there is none."""
    hold = await open_quarantine(ctx.store, target.id)
    request = await ctx.store.requests.get(hold.request_id) if hold else None
    return request if request and request.state is State.QUARANTINED else None


command = ChangeCommand(
    name="restore",
    usage="db restore NAME",
    summary="Restore a database from quarantine. For earlier data, see rewind",
    args=RestoreArgs,
    risk=Risk.MEDIUM,
    position=230,
    verb="Undo destroy",
    purpose="restore {}",
    synonyms=("undo", "undelete", "recover"),
    plan=plan,
    act=unblock,
    read_back=is_unblocked,
    message=restored_message,
    undoes=True,
)

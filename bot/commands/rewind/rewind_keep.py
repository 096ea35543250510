"""`/turso rewind keep NAME [--copy COPY]`: keep the copy of a rewind as a database of its own."""

from datetime import datetime

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.commands._lines import command_line
from bot.commands._targets import snapshot, target_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.databases._new_database import existing
from bot.commands.rewind._report import report
from bot.commands.rewind._rewinds import AT, DecisionArgs, copy_of, exact, moment_of, open_rewind, why_copy_goes
from bot.core.model import Risk
from bot.core.records.branches import Branch
from bot.core.reply import Reply
from bot.core.requests.plan import DECIDES, DECIDES_ABOUT, Plan
from bot.core.requests.request import Request
from bot.errors import BadInput

SOURCE, SOURCE_ID = "source", "source_id"
"""Keys in the plan's arguments: the database that was copied."""


async def plan(ctx: Context, args: DecisionArgs) -> Plan:
    """Return the plan. Its target is the copy."""
    rewind = await open_rewind(ctx, args.name, args.of_copy)
    copy = await copy_of(ctx, rewind)
    if why := await why_copy_goes(ctx, copy.id):
        raise BadInput(why)
    snap = await snapshot(ctx, copy.name)
    return Plan(
        target=snap.target,
        steps=[f"Keep {copy.name} with all its data", f"{args.name} stays as it is"],
        arguments={
            DECIDES: rewind.request.id,
            DECIDES_ABOUT: rewind.copy_id,
            SOURCE: args.name,
            SOURCE_ID: rewind.source_id,
            AT: rewind.at.isoformat(),
        },
        facts={"Copy of": args.name, "Data as of": exact(rewind.at), **snap.facts},
        warnings=["It counts toward the plan's limits for databases and storage until someone destroys it"],
        databases=(snap.target.as_seen, rewind.request.plan.databases[0]),
    )


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the copy has been put in quarantine. None otherwise."""
    return await why_copy_goes(ctx, target_of(plan).id)


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Change nothing in Turso.

    The decision of this request and the record of the branch are enough to keep the copy.
    """


def branch(request: Request, facts: Facts, branch_id: str, now: datetime) -> Branch:
    """Return the record of the branch: it belongs to the person who keeps it, and has no end."""
    copy, asked = target_of(request.plan), request.plan.arguments
    return Branch(
        id=branch_id,
        organization=request.organization,
        database=copy.name,
        database_id=copy.id,
        source=str(asked[SOURCE]),
        source_id=str(asked[SOURCE_ID]),
        owner=request.requester,
        channel_id=request.channel_id,
        request_id=request.id,
        created_at=now,
    )


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True if the copy still exists."""
    target = target_of(plan)
    database = await existing(ctx.turso, target.name)
    return database is not None and database.id == target.id


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: what is kept, and how to destroy it."""
    name, copy = str(plan.arguments[SOURCE]), target_of(plan).name
    at = exact(moment_of(plan.arguments))
    head = mrkdwn(":herb: *{}* was kept as a branch, with the data from `{}` as of {}.", copy, name, at)
    note = mrkdwn("It counts toward the limits of your Turso plan. `/turso destroy {}` destroys it.", copy)
    row = [
        *buttons.run(1, "Token for 1 h", command_line("token", copy)),
        *buttons.run(2, "Show", command_line("show", copy)),
    ]
    return reply(head, [kit.section(head), kit.context(note), *kit.actions(*row)])


command = ChangeCommand(
    name="rewind keep",
    usage="rewind keep NAME [--copy COPY]",
    summary="Keep the copy from a rewind as a branch",
    args=DecisionArgs,
    risk=Risk.LOW,
    position=234,
    verb="Keep as a branch",
    purpose="keep the copy {} as a branch",
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    message=message,
    branch=branch,
    report=report,
)

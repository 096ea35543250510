"""`/turso db branch SOURCE NAME [--at TIME] [--for 3d]`: copy a database as it is or was, optionally until an end."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn, span, utc, when
from bot.commands._lines import command_line
from bot.commands._moments import time_of
from bot.commands._retention import RETENTION_KEY, require_copyable, retention_of, why_out_of_reach
from bot.commands._targets import attempt, plan_target, target_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.databases._archived import require_awake
from bot.commands.databases._new_database import (
    address_lines,
    facts_of,
    new_database,
    read_new_database,
    require_copy_of,
    require_free,
    wait_until_ready,
    was_made,
    why_name_taken,
)
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Duration, Phrase, Positional
from bot.core.parsing.moments import Moment, count_words
from bot.core.records.branches import Branch
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.core.requests.request import Request
from bot.errors import BadInput, NotOurs, Unavailable

SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=90)


class BranchArgs(BaseModel):
    source: Annotated[DatabaseName, Positional()]
    name: Annotated[DatabaseName, Positional()]
    at: Annotated[Moment | None, Phrase(count_words)] = None
    lasting: Duration | None = Field(None, alias="for")


async def plan(ctx: Context, args: BranchArgs) -> Plan:
    """Return the plan: which database is copied, as of which time, and when the branch ends."""
    if args.lasting is not None and not SHORTEST <= args.lasting <= LONGEST:
        raise BadInput("A branch can last from `10m` to `90d`. Leave out `--for` to keep it until someone destroys it.")
    source, at, _ = await asyncio.gather(
        ctx.turso.database(args.source), _moment(ctx, args.at), require_free(ctx, args.name)
    )
    await require_awake(ctx, source)
    if source.group is None:
        raise Unavailable(
            f"Turso didn't say which group `{source.name}` is in, so I can't tell where to create a branch."
        )
    if not source.group:
        raise BadInput(f"`{source.name}` isn't in a group. Turso can only branch databases that are in a group.")
    if source.encryption_cipher:
        raise BadInput(
            f"`{source.name}` is encrypted with your own key, which Turso Ops doesn't have. "
            "Someone with the key can branch the database with the Turso CLI."
        )
    retention = retention_of(await attempt(ctx.turso.quotas())) if at else None
    if at and retention:
        require_copyable(retention, source, at, ctx.now)
    target = await plan_target(ctx, source)
    as_of = f"as it was at {utc(at)}" if at else "as it is at that moment"
    ends = f"End the branch after {span(args.lasting)}: quarantine it, then destroy it" if args.lasting else (
        "Keep the branch until someone destroys it"
    )  # fmt: skip
    lost = ["The last 15 seconds of data before that time may be missing"] if at else []
    return Plan(
        target=target,
        steps=[f"Create {args.name}, a copy of {source.name} {as_of}", "Wait until it is ready", ends],
        arguments={
            "name": args.name,
            "group": source.group,
            "at": at.isoformat() if at else None,
            **({RETENTION_KEY: retention.seconds} if retention else {}),
            "seconds": int(args.lasting.total_seconds()) if args.lasting else None,
        },
        facts={
            "Source": source.name,
            "New database": args.name,
            **({"Available history": retention.words} if retention else {}),
        },
        warnings=["The branch contains its source's data", *lost],
        databases=(target.as_seen, new_database(args.name, source.group, target)),
    )


async def _moment(ctx: Context, moment: Moment | None) -> datetime | None:
    return None if moment is None else (await time_of(ctx, moment)).astimezone(UTC)


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the time is now too long ago, or if the name of the branch was taken. None otherwise."""
    arguments = plan.arguments
    if arguments["at"] and RETENTION_KEY in arguments:
        at, keeps = datetime.fromisoformat(arguments["at"]), timedelta(seconds=arguments[RETENTION_KEY])
        if why := why_out_of_reach(keeps, at, ctx.now):
            return why
    return await why_name_taken(ctx, plan)


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Create the copy once, then wait until it is ready."""
    began = asyncio.get_running_loop().time()
    arguments = plan.arguments
    at = datetime.fromisoformat(arguments["at"]) if arguments["at"] else None
    source = target_of(plan)
    made = await ctx.turso.create_copy(arguments["name"], group=arguments["group"], source=source.name, at=at)
    require_copy_of(source, made)
    return {**facts_of(made), "served": await wait_until_ready(ctx.turso, made, began=began)}


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True if the branch exists. Raises NotOurs or OwnerUnknown if somebody else made it, or may have."""
    name, source = str(plan.arguments["name"]), target_of(plan)
    if not await was_made(ctx, name):
        return False
    made = await ctx.turso.database(name)
    require_copy_of(source, made)
    if made.parent is None:
        raise NotOurs(
            f"`{name}` exists, but Turso doesn't say that it is a branch of `{source.name}`. "
            "Someone else may have created it."
        )
    return True


def branch(request: Request, facts: Facts, branch_id: str, now: datetime) -> Branch:
    """Return the record of the branch: its owner, its source, and when it ends."""
    source, arguments = target_of(request.plan), request.plan.arguments
    return Branch(
        id=branch_id,
        organization=request.organization,
        database=str(arguments["name"]),
        database_id=str(facts.get("id") or ""),
        source=source.name,
        source_id=source.id,
        owner=request.requester,
        channel_id=request.channel_id,
        request_id=request.id,
        created_at=now,
        ends_at=now + timedelta(seconds=arguments["seconds"]) if arguments["seconds"] else None,
    )


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message with the branch's source, addresses and end."""
    arguments, source = plan.arguments, target_of(plan).name
    name, served = str(arguments["name"]), facts.get("served")
    state = "is ready" if served else "was created but isn't ready yet" if served is False else "was created"
    head = mrkdwn(":herb: The branch *{}* of *{}* {}.", name, source, state)
    as_of = [mrkdwn("As of {}.", when(datetime.fromisoformat(arguments["at"])))] if arguments["at"] else []
    lasts = mrkdwn("It ends in {}. I'll remind you before then.", span(timedelta(seconds=arguments["seconds"]))) if (
        arguments["seconds"]
    ) else mrkdwn("It has no end date. Destroy it when you no longer need it.")  # fmt: skip
    row = [*buttons.run(1, "Token for 1 h", command_line("token", name))]
    row += buttons.run(2, "Show", command_line("show", name))
    return reply(
        head,
        [
            kit.section(head),
            kit.context(*as_of, lasts),
            *kit.preformatted(*address_lines(facts)),
            *kit.actions(*row),
        ],
    )


command = ChangeCommand(
    name="branch",
    usage="db branch SOURCE NAME [--at TIME] [--for 3d]",
    summary="Create a branch: a copy of a database, current or from an earlier time, with an owner and an end date",
    args=BranchArgs,
    risk=Risk.LOW,
    position=165,
    verb="Create branch",
    purpose="branch {}",
    makes_name=True,
    synonyms=("fork", "clone", "copy"),
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    message=message,
    facts_again=read_new_database,
    branch=branch,
)

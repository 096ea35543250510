"""`/turso db freeze NAME [--reads] [--for 30m]`: block writes, or reads and writes, optionally for a limited time."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, mrkdwn, span
from bot.commands._lines import command_line
from bot.commands._targets import snapshot, target_of
from bot.commands.base import FREEZE_ENDED, ChangeCommand, ChangeContext, Context, Facts
from bot.commands.databases import _holds as holds
from bot.core.declaration import Variant
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Duration, Positional
from bot.core.records.holds import HoldKind
from bot.core.reply import Reply
from bot.core.requests.plan import Plan, PlannedHold
from bot.errors import BadInput

SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(days=90)


class FreezeArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    reads: bool = False
    lasting: Duration | None = Field(None, alias="for")


async def plan(ctx: Context, args: FreezeArgs) -> Plan:
    """Return the plan: what will be blocked, for how long, and which holds block it already."""
    if args.lasting is not None and not SHORTEST <= args.lasting <= LONGEST:
        raise BadInput("A freeze can last from `10s` to `90d`. Leave out `--for` to freeze until someone thaws it.")
    snap = await snapshot(ctx, args.name)
    what = "reads and writes" if args.reads else "writes"
    ends = f"Unblock after {span(args.lasting)}" if args.lasting else "Stay blocked until someone thaws it"
    held = await holds.holds_of(ctx, snap.target.id)
    return Plan(
        target=snap.target,
        steps=[
            f"Block {what} to {args.name}. Clients will get errors immediately",
            f"{ends}, unless something else blocks it",
        ],
        arguments={"reads": args.reads, "seconds": _seconds(args.lasting)},
        facts={**snap.facts, **holds.holds_fact(held)},
        databases=(snap.target.as_seen,),
        hold=PlannedHold(HoldKind.FREEZE, args.reads, block_writes=True, seconds=_seconds(args.lasting)),
    )


def _seconds(lasting: timedelta | None) -> int | None:
    return None if lasting is None else int(lasting.total_seconds())


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Block writes, and reads if requested."""
    reads = True if plan.arguments["reads"] else None
    await ctx.turso.configure(target_of(plan).name, block_reads=reads, block_writes=True)


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once Turso reports the blocks."""
    reads, writes = await holds.blocked(ctx.turso, target_of(plan).name)
    return writes and (reads or not plan.arguments["reads"])


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: what is blocked, for how long, and how to unblock it, or that the freeze has ended."""
    name, seconds = target_of(plan).name, plan.arguments["seconds"]
    if facts.get(FREEZE_ENDED):
        over = mrkdwn(":sunny: The freeze on *{}* has ended.", name)
        return reply(over, [kit.section(over)])
    what = "Reads and writes" if plan.arguments["reads"] else "Writes"
    head = mrkdwn(":snowflake: {} to *{}* are blocked{}.", what, name, _lasting(seconds))
    note = mrkdwn("`/turso thaw {}` unblocks the database.", name)
    row = buttons.run(1, "Thaw", command_line("thaw", name))
    return reply(head, [kit.section(head), kit.context(note), *kit.actions(*row)])


def _lasting(seconds: int | None) -> Mrkdwn:
    return mrkdwn(" for {}", span(timedelta(seconds=seconds))) if seconds else mrkdwn(" until someone thaws it")


command = ChangeCommand(
    name="freeze",
    usage="db freeze NAME [--reads] [--for 30m]",
    summary="Block writes (with --reads, reads too)",
    args=FreezeArgs,
    risk=Risk.MEDIUM,
    position=180,
    quick_label="Freeze",
    verb="Freeze writes",
    purpose="freeze {}",
    synonyms=("block", "lock"),
    variants=(Variant("", "writes"), Variant("--reads", "reads and writes")),
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
)

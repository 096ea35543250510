"""`/turso rewind discard NAME [--copy COPY]`: destroy the copy that a rewind made, and nothing else."""

from dataclasses import replace

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import counted, mrkdwn
from bot.commands._targets import snapshot, target_of
from bot.commands.base import ChangeCommand, Context, Facts
from bot.commands.databases.destroy import AFTERWARDS, delete, is_gone, may_be_destroyed
from bot.commands.rewind._report import report
from bot.commands.rewind._rewinds import AT, DecisionArgs, copy_of, exact, open_rewind
from bot.core.model import Risk
from bot.core.reply import Reply
from bot.core.requests.plan import DECIDES, DECIDES_ABOUT, Plan

SOURCE = "source"
"""Key in the plan's arguments: the database that was copied."""


async def plan(ctx: Context, args: DecisionArgs) -> Plan:
    """Return the plan. Its target is the copy, by its `DbId`. The rules decide about both the copy and the database."""
    rewind = await open_rewind(ctx, args.name, args.of_copy)
    copy = await copy_of(ctx, rewind)
    snap = await snapshot(ctx, copy.name)
    await may_be_destroyed(ctx, copy)
    tokens = [f"{counted(len(snap.tokens), 'active token')} of {copy.name} will stop working"] if snap.tokens else []
    return Plan(
        target=replace(snap.target, id=rewind.copy_id),
        steps=[f"Destroy {copy.name} and all its data. {args.name} stays as it is"],
        arguments={
            DECIDES: rewind.request.id,
            DECIDES_ABOUT: rewind.copy_id,
            SOURCE: args.name,
            AT: rewind.at.isoformat(),
        },
        facts={"Copy of": args.name, "Data as of": exact(rewind.at), **snap.facts},
        warnings=[
            *tokens,
            f"Anything written to {copy.name} since it was created is destroyed, too",
            "There is no quarantine and no Undo",
        ],
        databases=(snap.target.as_seen, rewind.request.plan.databases[0]),
        holders=tuple(dict.fromkeys(token.holder for token in snap.tokens)),
        ends_tokens_of=(rewind.copy_id,),
    )


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: which copy is gone, and that the database is unchanged."""
    name, copy = str(plan.arguments[SOURCE]), target_of(plan).name
    head = mrkdwn(":wastebasket: The copy *{}* was destroyed. `{}` is unchanged.", copy, name)
    return reply(head, [kit.section(head), kit.context(AFTERWARDS)])


command = ChangeCommand(
    name="rewind discard",
    usage="rewind discard NAME [--copy COPY]",
    summary="Destroy the copy from a rewind",
    args=DecisionArgs,
    risk=Risk.HIGH,
    position=235,
    verb="Discard the copy",
    purpose="destroy the copy {}",
    plan=plan,
    act=delete,
    read_back=is_gone,
    message=message,
    removes_target=True,
    comes_to=("destroy", "--now"),
    report=report,
)

"""`/turso rewind discard NAME [--copy COPY]`: destroy the copy that a rewind made, and nothing else."""

from dataclasses import replace

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import counted, mrkdwn
from bot.commands._targets import snapshot, target_of
from bot.commands.base import ChangeCommand, Context, Facts
from bot.commands.databases._holds import open_quarantine
from bot.commands.databases._new_database import existing
from bot.commands.databases.destroy import AFTERWARDS, delete, is_gone, require_unprotected
from bot.commands.rewind._report import report
from bot.commands.rewind._rewinds import AT, DecisionArgs, copy_of, exact, open_rewind
from bot.core.model import Risk
from bot.core.reply import Reply
from bot.core.requests.plan import DECIDES, DECIDES_ABOUT, Plan

SOURCE, SOURCE_ID = "source", "source_id"
"""Keys in the plan's arguments: the database that was copied."""
WARNED = "warned"
"""Key in the plan's arguments: the card's warning that the original database is gone, or will be. Empty without one."""


async def plan(ctx: Context, args: DecisionArgs) -> Plan:
    """Return the plan. Its target is the copy, by its `DbId`. The rules decide about both the copy and its source."""
    rewind = await open_rewind(ctx, args.name, args.of_copy)
    copy = await copy_of(ctx, rewind)
    snap = await snapshot(ctx, copy.name)
    await require_unprotected(ctx, copy)
    warned = await _last_copy_warning(ctx, args.name, rewind.source_id)
    tokens = [f"{counted(len(snap.tokens), 'active token')} of {copy.name} will stop working"] if snap.tokens else []
    return Plan(
        target=replace(snap.target, id=rewind.copy_id),
        steps=[f"Destroy {copy.name} and all its data. Nothing else is destroyed"],
        arguments={
            DECIDES: rewind.request.id,
            DECIDES_ABOUT: rewind.copy_id,
            SOURCE: args.name,
            SOURCE_ID: rewind.source_id,
            WARNED: warned,
            AT: rewind.at.isoformat(),
        },
        facts={"Copy of": args.name, "Data as of": exact(rewind.at), **snap.facts},
        warnings=[
            *filter(None, [warned.rstrip(".")]),
            *tokens,
            f"Anything written to {copy.name} since it was created will be destroyed, too",
            "There is no quarantine and no Undo",
        ],
        databases=(snap.target.as_seen, rewind.request.plan.databases[0]),
        holders=tuple(dict.fromkeys(token.holder for token in snap.tokens)),
        ends_tokens_of=(rewind.copy_id,),
    )


async def _last_copy_warning(ctx: Context, name: str, database_id: str) -> str:
    """Return a warning if the database is gone, or will be when a countdown ends. Empty otherwise."""
    database = await existing(ctx.turso, name)
    if database is None or database.id != database_id:
        return f"The database `{name}` that was copied no longer exists. The copy may be all that is left of its data."
    held = await open_quarantine(ctx.store, database_id)
    request = await ctx.store.requests.get(held.request_id) if held else None
    if request is None or request.is_indefinite:  # without a countdown, the database isn't destroyed automatically
        return ""
    return f"`{name}` is in quarantine. When its countdown ends, the copy will be all that is left of its data."


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a warning that the card didn't show: the copied database is gone, or a countdown will destroy it.

    None otherwise.
    """
    arguments = plan.arguments
    if SOURCE_ID not in arguments:  # the plan is from an older version of the bot
        return None
    warning = await _last_copy_warning(ctx, arguments[SOURCE], arguments[SOURCE_ID])
    return warning if warning and warning != arguments[WARNED] else None


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: which copy is gone, and that nothing else is."""
    name, copy = str(plan.arguments[SOURCE]), target_of(plan).name
    head = mrkdwn(":wastebasket: The copy *{}* was destroyed. This didn't affect `{}`.", copy, name)
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
    drift=drift,
    act=delete,
    read_back=is_gone,
    message=message,
    removes_target=True,
    ends_with=("destroy", "--now"),
    report=report,
)

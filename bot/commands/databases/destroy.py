"""`/turso db destroy NAME [--now]`: quarantine a database, then destroy it after a countdown. `--now`: immediately."""

from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import counted, mrkdwn
from bot.commands._lines import command_line
from bot.commands._targets import attempt, snapshot, target_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts, Phase
from bot.commands.databases import _holds as holds
from bot.core.declaration import Variant
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Positional
from bot.core.records.holds import HoldKind
from bot.core.reply import Reply
from bot.core.requests.plan import COUNTDOWN, Plan, PlannedHold
from bot.errors import BadInput
from bot.turso import Database, DatabaseNotFound, first_known

REPLACES = "replaces"
"""Key in a plan's arguments: the request whose quarantine has no countdown and is replaced by this one."""

AFTERWARDS = mrkdwn(
    "Turso Ops can't restore it. On a paid plan, an admin may be able to restore it in Turso's dashboard for up to "
    "five days."
)
"""Text about restoring a deleted database. Source: https://docs.turso.tech/features/recover-deleted-databases"""


class DestroyArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    now: bool = False


async def plan(ctx: Context, args: DestroyArgs) -> Plan:
    """Return the plan with a snapshot. Refuses protected databases and, without `--now`, those with a countdown."""
    snap = await snapshot(ctx, args.name)
    is_protection_known = await require_unprotected(ctx, snap.database)
    replaced = None if args.now else await _replaced(ctx, snap.database)
    name = args.name
    destroys = f"Destroy {name} and all its data. Turso Ops can't restore it afterwards"
    first = [
        f"Block reads and writes to {name}. Clients will get errors immediately",
        f"Wait {COUNTDOWN}. During that time, Undo restores it with all its data",
    ]
    warnings = [f"{counted(len(snap.tokens), 'active token')} will stop working"] if snap.tokens else []
    warnings += ["There is no quarantine and no Undo"] if args.now else []
    warnings += ["Its quarantine has no countdown. A new quarantine replaces it"] if replaced else []
    warnings += [] if is_protection_known else ["Turso didn't say whether it has delete protection"]
    warnings += ["Turso didn't say how large it is"] if snap.target.size_bytes is None else []
    return Plan(
        target=snap.target,
        steps=[destroys] if args.now else [*first, destroys],
        arguments={"now": args.now, **({REPLACES: replaced} if replaced else {})},
        facts=snap.facts,
        warnings=warnings,
        databases=(snap.target.as_seen,),
        holders=tuple(dict.fromkeys(token.holder for token in snap.tokens)),
        hold=None if args.now else PlannedHold(HoldKind.QUARANTINE, block_reads=True, block_writes=True, seconds=None),
        ends_tokens_of=(snap.target.id,),
    )


async def require_unprotected(ctx: Context, database: Database) -> bool:
    """Refuse a database with delete protection. Returns False if Turso doesn't report whether it has any.

    Raises:
        BadInput: the database or its group has delete protection.
    """
    name = database.name
    now_set = await attempt(ctx.turso.configuration(name))  # the older API returns it only here
    own = [database.delete_protection, now_set.delete_protection if now_set else None]
    if any(own):
        raise BadInput(f"`{name}` has delete protection. Turn it off first: `/turso protect {name} off`.")
    is_known = first_known(*own) is not None
    if database.group == "":
        return is_known
    group = await attempt(ctx.turso.group(database.group)) if database.group else None
    if group and group.delete_protection:
        raise BadInput(f"The group of `{name}` has delete protection. An admin has to turn it off in Turso.")
    return is_known and group is not None and group.delete_protection is not None


async def _replaced(ctx: Context, database: Database) -> str | None:
    """Return the ID of the request whose quarantine has no countdown, so that a new one replaces it.

    None if the database isn't in quarantine. Raises BadInput if its countdown is running, or isn't known.
    """
    held = await holds.open_quarantine(ctx.store, database.id)
    if held is None:
        return None
    request = await ctx.store.requests.get(held.request_id)
    if request is None or not request.is_indefinite:
        raise BadInput(holds.in_quarantine(held))
    return request.id


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Destroy the database with `--now`. Otherwise block its reads and writes."""
    if plan.arguments["now"]:
        await delete(ctx, plan)
        return
    await ctx.turso.configure(target_of(plan).name, block_reads=True, block_writes=True)


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once it is destroyed with `--now`, or otherwise once its reads and writes are blocked."""
    if plan.arguments["now"]:
        return await is_gone(ctx, plan)
    return await holds.blocked(ctx.turso, target_of(plan).name) == (True, True)


async def delete(ctx: ChangeContext, plan: Plan) -> None:
    """Destroy the database in the plan, unless it no longer exists."""
    if not await is_gone(ctx, plan):
        await ctx.turso.destroy_database(target_of(plan).name)


async def is_gone(ctx: Context, plan: Plan) -> bool:
    """Return True if no database has both the planned name and `DbId`."""
    target = target_of(plan)
    try:
        return (await ctx.turso.database(target.name)).id != target.id
    except DatabaseNotFound:
        return True


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message for a destroyed or quarantined database. The card adds the countdown and Undo."""
    name = target_of(plan).name
    if plan.arguments["now"]:
        return destroyed_message(plan, facts)
    head = mrkdwn(":stopwatch: *{}* is in quarantine. Reads and writes are blocked, and its data is kept.", name)
    return reply(head, [kit.section(head)])


def destroyed_message(plan: Plan, facts: Facts) -> Reply:
    """Return the message for a destroyed database."""
    head = mrkdwn(":wastebasket: *{}* was destroyed.", target_of(plan).name)
    return reply(head, [kit.section(head), kit.context(AFTERWARDS)])


async def unblock(ctx: ChangeContext, plan: Plan) -> None:
    """Remove all blocks, except those that other holds need."""
    await holds.lift(ctx.turso, ctx.store, holds.lift_all(plan, {HoldKind.QUARANTINE}))


async def is_unblocked(ctx: Context, plan: Plan) -> bool:
    """Return True once Turso blocks only what other holds need."""
    return await holds.is_lifted(ctx.turso, ctx.store, holds.lift_all(plan, {HoldKind.QUARANTINE}))


def restored_message(plan: Plan, facts: Facts) -> Reply:
    """Return the message for a restored database."""
    name = target_of(plan).name
    head = mrkdwn(":leftwards_arrow_with_hook: *{}* was restored with all its data.", name)
    note = mrkdwn("Any blocks set before the quarantine are still in place.")
    return reply(
        head, [kit.section(head), kit.context(note), *kit.actions(*buttons.run(1, "Show", command_line("show", name)))]
    )


command = ChangeCommand(
    name="destroy",
    usage="db destroy NAME [--now]",
    summary="Quarantine a database, then destroy it when the countdown ends",
    args=DestroyArgs,
    risk=Risk.HIGH,
    position=220,
    quick_label="Destroy",
    verb="Destroy",
    purpose="destroy {}",
    aliases=("rm",),
    synonyms=("delete", "drop", "remove", "del", "erase"),
    variants=(Variant("", "with a countdown"), Variant("--now", "immediately", purpose="immediately destroy {}")),
    policy_keys=("countdown", "undo_by"),
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
    finish=Phase(act=delete, read_back=is_gone, message=destroyed_message),
    undo=Phase(act=unblock, read_back=is_unblocked, message=restored_message),
    removes_target=True,
)

"""`/turso overages on|off`: let Turso bill what exceeds the plan's quotas, or block every database instead."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import counted, mrkdwn, number, size
from bot.commands._lines import command_line
from bot.commands._targets import UNKNOWN, attempt
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.usage._amounts import known, share_of_quota
from bot.core.model import Risk, Target
from bot.core.parsing.arguments import OnOff, Positional
from bot.core.reply import Reply
from bot.core.requests.plan import CHANGES_ALONE, Plan
from bot.errors import BadInput, Unavailable
from bot.turso.models import Quotas, Usage

METRICS: Final = (
    ("Rows read", "rows_read", number),
    ("Rows written", "rows_written", number),
    ("Storage", "storage_bytes", size),
    ("Synced", "bytes_synced", size),
)


class OveragesArgs(BaseModel):
    on: Annotated[OnOff, Positional()]


async def plan(ctx: Context, args: OveragesArgs) -> Plan:
    """Return the plan: how much of each quota is used, what Turso will bill or block, and every affected database.

    Raises:
        BadInput: overages are already as requested, or this channel has no databases.
        Unavailable: Turso lists a database that can't be read.
        TursoError: Turso didn't return the databases or the organization.
    """
    found, now, quotas, used = await asyncio.gather(
        _every_database(ctx),
        ctx.turso.organization_details(),
        attempt(ctx.turso.quotas()),
        attempt(ctx.turso.organization_usage()),
    )
    here = [one for one in found if ctx.scope.covers_all or ctx.scope.covers(one)]
    if not here:
        raise BadInput("This channel has no databases, so overages can't be turned on or off here.")
    if now.overages is args.on and len(here) == len(found):  # others don't learn the current state
        raise BadInput(f"Overages are already {_word(args.on)} for `{ctx.organization}`.")
    return Plan(
        target=None,
        steps=[
            _step(on=args.on),
            f"This applies to every database in {ctx.organization}, including ones created later",
        ],
        arguments={"name": ctx.organization, "on": args.on, CHANGES_ALONE: f"overages of {ctx.organization}"},
        facts={
            "Plan": (quotas.plan if quotas else "") or UNKNOWN,
            "Overages now": UNKNOWN if now.overages is None else _word(now.overages),
            "Databases": number(len(found)),
            **_use(quotas or Quotas(), used.usage if used else Usage()),
        },
        warnings=_warnings(on=args.on),
        # a refusal names the first database, so that must be one of this channel
        databases=tuple(dict.fromkeys((*here, *found))),
    )


async def _every_database(ctx: Context) -> list[Target]:
    listing = await ctx.turso.listed()
    if listing.left_out:
        raise Unavailable(
            "Turso's list of databases has an entry that I can't interpret, so I can't tell which databases this "
            "affects."
        )
    return [target for _, target in listing.with_targets()]


def _word(on: bool) -> str:
    return "on" if on else "off"


def _step(*, on: bool) -> str:
    if on:
        return "Turn overages on. Turso then bills usage beyond the quota instead of blocking databases"
    return "Turn overages off. Turso then blocks every database when a quota is used up"


def _warnings(*, on: bool) -> list[str]:
    if on:
        return ["This can cost money: Turso bills usage beyond the quota until overages are turned off. "
                "Turso Ops can't see the prices"]  # fmt: skip
    return ["If a quota is already used up, Turso may block reads and writes immediately",
            "Turso may still bill usage that is already beyond the quota"]  # fmt: skip


def _use(quotas: Quotas, used: Usage) -> Mapping[str, str]:
    """Return how much of each quota is used, as far as Turso reports it."""
    shares = {}
    for label, name, write in METRICS:
        value, quota = getattr(used, name), getattr(quotas, name)
        if name != "bytes_synced" or value:  # most organizations don't sync anything
            shares[label] = f"{known(value, write)}{share_of_quota(value, quota) or ' (quota unknown)'}"
    return shares


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if databases were added since the plan, or their group or sources have changed.

    None if not, or if the policy treats all databases alike here.
    """
    if ctx.scope.covers_all and not ctx.policy.distinguishes_databases(ctx.subject, command.name):
        return None
    planned = set(plan.databases)
    added = [one for one in await _every_database(ctx) if one not in planned]
    if not added:
        return None
    are = "isn't" if len(added) == 1 else "aren't"
    return f"The organization has {counted(len(added), 'database')} that {are} in the request."


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Turn overages on or off."""
    await ctx.turso.set_overages(on=plan.arguments["on"])


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once Turso reports the new state."""
    return (await ctx.turso.organization_details()).overages is bool(plan.arguments["on"])


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: what Turso does when a quota is used up, and how to turn overages on or off again."""
    name, on = plan.arguments["name"], plan.arguments["on"]
    head = mrkdwn(":moneybag: Overages for *{}* are {}.", name, _word(on))
    note = (
        mrkdwn("Turso bills usage beyond the quota. `/turso overages off` stops that.")
        if on
        else mrkdwn("Turso blocks every database when a quota is used up.")
    )
    row = buttons.run(1, f"Turn {_word(not on)}", command_line(command.name, _word(not on)))
    return reply(head, [kit.section(head), kit.context(note), *kit.actions(*row)])


command = ChangeCommand(
    name="overages",
    usage="overages on/off",
    summary="Let Turso bill usage beyond the quota, or block databases instead",
    args=OveragesArgs,
    risk=Risk.HIGH,
    position=215,
    verb="Change overages",
    purpose="change the organization's overages",
    purpose_by=("on", {True: "turn on overages for {}", False: "turn off overages for {}"}),
    synonyms=("overage",),
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    message=message,
    reaches_others=True,
)

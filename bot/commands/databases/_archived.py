"""Archived databases: their group is asleep in Turso, so they don't respond until somebody wakes it."""

from collections.abc import Sequence

from bot.blocks import buttons
from bot.blocks.kit import Element
from bot.commands._groups import members_of
from bot.commands._lines import command_line
from bot.commands._rights import may
from bot.commands.base import Context
from bot.core.model import Target
from bot.errors import BadInput, BotError, Remedy
from bot.turso import Database

WAKE = "wake"


def may_wake(ctx: Context, target: Target, members: Sequence[Target]) -> bool:
    """Return True if the requester may run or request waking a group with these databases."""
    others = [one for one in members if one.name != target.name]
    return bool(target.group) and may(ctx, WAKE, target, *others)


async def can_offer_wake(ctx: Context, database: Database) -> bool:
    """Return True if a database is archived and a Wake button would work for the requester.

    Reads all databases of an archived database's group. Returns False if they can't be read.
    """
    if not database.is_archived:
        return False
    try:
        members = await members_of(ctx, database.group)
    except BotError:
        return False
    own = members.get(database.id)
    return own is not None and may_wake(ctx, own, list(members.values()))


def wake_button(number: int, name: str) -> list[Element]:
    """Return a button that wakes a database with its group."""
    return buttons.run(number, "Wake", command_line(WAKE, name), style="primary")


async def require_awake(ctx: Context, database: Database) -> None:
    """Refuse an archived database. People who may wake it get a button for that.

    Raises:
        BadInput: it is archived.
    """
    if not database.is_archived:
        return
    name = database.name
    offered = await can_offer_wake(ctx, database)
    hint = f" Wake it first: `/turso wake {name}`." if offered else " Ask someone who can use `wake` to wake it."
    remedy = Remedy(f"Wake {name}"[:60], command_line(WAKE, name)) if offered else None
    raise BadInput(f"`{name}` is archived, so it doesn't respond.{hint}", remedy=remedy)

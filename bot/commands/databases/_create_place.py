"""The group and location of a new database: checked before it is created, and compared afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.blocks.text import Mrkdwn, mrkdwn
from bot.commands._targets import attempt, list_names
from bot.commands.base import Context, Facts
from bot.core.parsing.parse_results import nearest
from bot.errors import BadInput
from bot.turso.models import Group

NAMED: Final = 4
_CHECK: Final = "Check its name, or leave out `--group`."


async def require_location(ctx: Context, wanted: str | None) -> None:
    """Raise BadInput for a location that Turso doesn't have.

    If Turso doesn't list its locations in time, nothing is refused. `differences` compares the location afterwards.
    """
    if wanted is None:
        return
    codes = [one.code for one in await attempt(ctx.turso.locations()) or []]
    if codes and wanted not in codes:
        raise BadInput(f"Turso has no location `{wanted}`. {_choose(nearest(wanted, codes, NAMED) or codes[:NAMED])}")


def require_place(ctx: Context, groups: Sequence[Group], name: str | None, location: str | None) -> None:
    """Raise BadInput for a group that doesn't exist or is archived, or a location that the group doesn't have.

    The message suggests only groups whose databases all belong to this channel. Without groups or a name, nothing is
    refused.
    """
    if not groups or name is None:
        return
    seen = [one for one in groups if ctx.scope.names_group(one.name)]
    names = [one.name for one in seen]
    group = next((one for one in groups if one.name == name), None)
    if group is None:
        choose = nearest(name, names, NAMED) or names[:NAMED]
        raise BadInput(f"There is no group `{name}`. {_choose(choose) if choose else _CHECK}")
    if group.archived:
        raise BadInput(f"The group `{name}` is archived. Wake one of its databases first with `/turso wake NAME`.")
    if location is None or not group.locations or location in group.locations:
        return
    others = [one.name for one in seen if location in one.locations]
    there = f" `--group {others[0]}` is in `{location}`." if others else " Leave out `--location`."
    raise BadInput(f"Databases in the group `{name}` are in `{list_names(group.locations, at_most=NAMED)}`.{there}")


def _choose(names: Sequence[str]) -> str:
    *others, last = (f"`{name}`" for name in names)
    return f"Choose {', '.join(others)} or {last}." if others else f"Choose {last}."


def differences(arguments: Mapping[str, Any], made: Facts) -> list[Mrkdwn]:
    """Return how the new database differs from the request.

    A group or location that Turso doesn't report counts as a difference. Empty if there are no facts about it.
    """
    if "locations" not in made:
        return []
    found = []
    for word, wanted, given in (
        ("group", arguments.get("group"), [made["group"]] if made.get("group") else []),
        ("location", arguments.get("location"), made["locations"]),
    ):
        if wanted and not given:
            found.append(mrkdwn("You asked for the {} `{}`, but Turso doesn't say where it was created.", word, wanted))
        elif wanted and wanted not in given:
            found.append(mrkdwn("You asked for the {} `{}`, but Turso chose `{}`.", word, wanted, ", ".join(given)))
    return found


def where_created(made: Facts) -> Mrkdwn | None:
    """Return the group and location that Turso reports, in words. None if it reports neither."""
    group, locations = made.get("group"), ", ".join(made.get("locations") or [])
    if group and locations:
        return mrkdwn("Group `{}`, location `{}`", group, locations)
    if group:
        return mrkdwn("Group `{}`", group)
    return mrkdwn("Location `{}`", locations) if locations else None

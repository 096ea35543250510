"""Suggest names for a misspelled database name."""

from collections.abc import Awaitable
from typing import TypeVar

from bot.commands.base import Context
from bot.commands.databases import list as list_command
from bot.core.model import Action, Verdict
from bot.core.parsing.parse_results import close
from bot.errors import BotError
from bot.pipeline.authorization.decision import judge
from bot.pipeline.environment import Environment
from bot.turso import DatabaseNotFound

T = TypeVar("T")


async def with_suggestions(env: Environment, ctx: Context, work: Awaitable[T]) -> T:
    """Do the work. If the database isn't found, suggest similar names or `/turso ls`.

    The names are among those that `list` would show this person here. If they may not use `list`, nothing is suggested.

    Raises:
        BotErrorWithHint: the database isn't found.
        BotError: the work failed, or the names can't be read.
    """
    try:
        return await work
    except DatabaseNotFound as error:
        meant: tuple[str, ...] = ()
        hint = ""
        if judge(env, ctx.subject, Action(list_command.command.name)).verdict is Verdict.ALLOW:
            hint = " `/turso ls` lists this channel's databases."
            listed = env.context(ctx.subject, command=list_command.command.name).visible(await ctx.turso.listed())
            meant = close(error.name, [database.name for database in listed])
        if meant:
            hint = f" Did you mean {' or '.join(f'`{name}`' for name in meant)}?"
        raise BotErrorWithHint(f"There is no database `{error.name}`.{hint}") from None


class BotErrorWithHint(BotError):
    """Raised for an unknown database name. For people who may use `list`, it suggests similar names or `/turso ls`."""

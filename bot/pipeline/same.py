"""Is it still the object of the plan? A plan is bound to a `DbId`, a group and a protection, not to a name."""

from bot.commands.base import Changing, Command, Context
from bot.core.plan import Plan
from bot.turso import DatabaseNotFound

GREW_BY = 100 * 1024 * 1024
"""Bytes that a database may grow, or double, between the question and the deed."""


async def drift(ctx: Context, plan: Plan, command: Command, *, checks_size: bool = False) -> str | None:
    """Say what is no longer as in the plan: its target, or whatever else the command reaches. Raises BotError."""
    removes = isinstance(command, Changing) and command.removes_target
    if changed := await what_changed(ctx, plan, checks_size=checks_size and removes):
        return changed
    return await command.drift(ctx, plan) if isinstance(command, Changing) and command.drift else None


async def what_changed(ctx: Context, plan: Plan, *, checks_size: bool = False) -> str | None:
    """Compare the database with its plan.

    Returns:
        One sentence that says what changed; None when it is the same, or the plan is about none.
    Raises:
        TursoUnavailable: Turso did not say.
    """
    if plan.target is None:
        return None
    was = plan.target
    try:
        now = await ctx.turso.database(was.name)
    except DatabaseNotFound:
        return f"The database `{was.name}` is gone."
    if now.id != was.id:
        return f"`{was.name}` is another database now: it was destroyed and made again under the same name."
    if (now.group or None) != (was.group or None):
        return f"`{was.name}` has moved to the group `{now.group}`."
    if now.delete_protection != was.delete_protection:
        return f"The delete protection of `{was.name}` is {'on' if now.delete_protection else 'off'} now."
    if checks_size and was.size_bytes is not None:
        size_bytes = (await ctx.turso.database_usage(was.name)).usage.storage_bytes
        if size_bytes is not None and size_bytes > max(2 * was.size_bytes, was.size_bytes + GREW_BY):
            return f"`{was.name}` has grown a lot since this was asked."
    return None

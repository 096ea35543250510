"""Find plan drift: whether a database's `DbId`, group, delete protection or size differs from the plan."""

from bot.commands.base import Command, Context
from bot.core.requests.plan import Plan, PlanTarget
from bot.errors import Unavailable
from bot.turso import Database, DatabaseNotFound, TursoReader

GREW_BY = 100 * 1024 * 1024
"""How many bytes a database may grow between the request to destroy it and the start. Doubling is always allowed."""


async def drift(ctx: Context, plan: Plan, command: Command, *, checks_size: bool = False) -> str | None:
    """Return a sentence about what differs from the plan, or None. Includes the command's own check for drift.

    Raises:
        BotError: Turso can't be read, or no longer returns something that the check needs.
    """
    removes = command.removes_target
    if changed := await what_changed(ctx.turso, plan, checks_size=checks_size and removes):
        return changed
    return await command.drift(ctx, plan) if command.drift else None


async def what_changed(turso: TursoReader, plan: Plan, *, checks_size: bool = False) -> str | None:
    """Compare the database with its plan.

    Returns:
        One sentence that says what changed. None if nothing did, or if the plan has no target.
    Raises:
        TursoError: Turso can't be read.
        Unavailable: Turso doesn't return the group, or a delete protection or size that approvers saw.
    """
    if plan.target is None:
        return None
    was, now = plan.target, await _current_database(turso, plan.target)
    if isinstance(now, str):
        return now
    if now.group is None:
        raise Unavailable(f"Turso doesn't say which group `{was.name}` is in.")
    if now.group != (was.group or ""):
        moved = f"has moved to the group `{now.group}`" if now.group else "is no longer in a group"
        return f"`{was.name}` {moved}."
    return _protection_changed(was, now.delete_protection) or (await _grew(turso, was) if checks_size else None)


def _protection_changed(was: PlanTarget, now: bool | None) -> str | None:
    """Return a sentence if the delete protection differs from the value that approvers saw, otherwise None.

    If they saw none, protection that is off now isn't drift. Raises Unavailable if only the current value is unknown.
    """
    if now is None and was.delete_protection is not None:
        raise Unavailable(f"Turso doesn't say whether delete protection is on for `{was.name}`.")
    if bool(now) == bool(was.delete_protection):
        return None
    return f"Delete protection for `{was.name}` is now {'on' if now else 'off'}."


async def other_object(turso: TursoReader, target: PlanTarget) -> str | None:
    """Return a sentence if the planned database is gone or was replaced, otherwise None. Raises TursoError."""
    current = await _current_database(turso, target)
    return current if isinstance(current, str) else None


async def _current_database(turso: TursoReader, was: PlanTarget) -> Database | str:
    try:
        now = await turso.database(was.name)
    except DatabaseNotFound:
        return f"The database `{was.name}` no longer exists."
    if now.id != was.id:
        return f"The name `{was.name}` now belongs to a different database. The original seems to have been destroyed."
    return now


async def _grew(turso: TursoReader, was: PlanTarget) -> str | None:
    """Return a sentence if the size has grown a lot since approvers saw it, otherwise None.

    If approvers saw no size, return None. Raises Unavailable if only the current size is unknown.
    """
    if was.size_bytes is None:
        return None
    now = (await turso.database_usage(was.name)).usage.storage_bytes
    if now is None:
        raise Unavailable(f"Turso doesn't say how large `{was.name}` is.")
    grew = now > max(2 * was.size_bytes, was.size_bytes + GREW_BY)
    return f"`{was.name}` has grown a lot since the request." if grew else None

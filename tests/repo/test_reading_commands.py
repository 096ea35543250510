"""Reading commands can't change anything: mypy reports calls that write, and their store has only methods that read.

Nothing runs the functions with a `type: ignore`. `make check` lets mypy check them: each `type: ignore` marks a line
that mypy must report. If mypy no longer reports it, the unused `type: ignore` is an error.
"""

import inspect
from typing import get_type_hints

import pytest
from pydantic import BaseModel

from bot.commands.base import ChangeContext, Context, ReadCommand
from bot.core.ports import ReadStore
from bot.core.records.tokens import TokenState
from bot.core.reply import Reply
from bot.store.repositories.repository import Repository
from bot.store.store import SqlStore  # noqa: F401 - defines every repository

REPOSITORIES = {one.__name__.lower(): one for one in Repository.__subclasses__()}
WRITES = ("_database.write", "_group.")
"""The calls with which a method of a repository writes: alone, or together with others in a group commit."""


class Args(BaseModel):
    pass


async def revokes_a_token(ctx: Context, args: Args) -> Reply:
    await ctx.store.tokens.settle("t-1", TokenState.ENDED)  # type: ignore[attr-defined]
    return Reply("")


async def appends_to_the_audit_log(ctx: Context, args: Args) -> Reply:
    await ctx.store.audit.append()  # type: ignore[attr-defined]
    return Reply("")


async def sets_a_timer(ctx: Context, args: Args) -> Reply:
    await ctx.store.timers.schedule(ctx.now)  # type: ignore[attr-defined]
    return Reply("")


async def destroys_a_database(ctx: Context, args: Args) -> Reply:
    await ctx.turso.destroy_database("orders")  # type: ignore[attr-defined]
    return Reply("")


async def needs_a_change_context(ctx: ChangeContext, args: Args) -> Reply:
    await ctx.turso.destroy_database("orders")
    return Reply("")


def reading_command_with_a_change_context() -> ReadCommand[Args]:
    return ReadCommand(
        name="look",
        usage="look",
        summary="Look",
        args=Args,
        run=needs_a_change_context,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("subject", [name for name, one in vars(ReadStore).items() if isinstance(one, property)])
def test_the_store_of_a_reading_command_only_reads(subject: str) -> None:
    protocol = get_type_hints(vars(ReadStore)[subject].fget)["return"]
    methods = [name for name in dir(protocol) if not name.startswith("_")]

    assert methods
    assert [name for name in methods if _writes(REPOSITORIES[subject], name)] == []


def test_a_method_that_writes_is_found() -> None:
    assert _writes(REPOSITORIES["tokens"], "settle")
    assert _writes(REPOSITORIES["audit"], "append")


def _writes(repository: type[Repository], name: str) -> bool:
    return any(word in inspect.getsource(getattr(repository, name)) for word in WRITES)

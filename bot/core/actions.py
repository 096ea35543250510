"""Build the `Action` of a command line, on which the policy decides."""

from dataclasses import replace

from pydantic import BaseModel

from bot.core.model import Action, Target
from bot.core.parsing.argument_schema import action_options
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import S


def action_of(name: str, args: BaseModel) -> Action:
    """Return the action of a command with these arguments, on which the policy decides.

    The argument `name` is its database, `group` the group of a new database, and `source` the database to copy.
    Arguments that weren't typed have their defaults, such as the lifetime of a token.
    """
    given = args.__dict__  # attribute access on a pydantic model is slow for missing fields
    database, source, expiration = given.get("name"), given.get("source"), given.get("expiration")
    sources = (source,) if isinstance(source, str) and source else ()
    return Action(
        command=name,
        options=action_options(args),
        databases=(Target(database, given.get("group"), sources),) if isinstance(database, str) and database else (),
        lifetime=expiration.lifetime if expiration else None,
    )


def action_of_line(grammar: Grammar[S], line: str, *, group: str | None = None) -> Action:
    """Return the action of a command line. Required arguments may be missing.

    Args:
        group: the database's group, if the line doesn't name it.
    Raises:
        BadInput: the line isn't a command, or one of its arguments is invalid.
    """
    read = grammar.parse(line)
    action = action_of(read.spec.name, read.args)
    if group is None:
        return action
    return replace(action, databases=tuple(replace(one, group=one.group or group) for one in action.databases))

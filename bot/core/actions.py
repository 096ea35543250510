"""What a command line asks for, as the rules see it: the one way from a line of text to an `Action`."""

from dataclasses import replace

from pydantic import BaseModel

from bot.core.model import Action, Target
from bot.core.parsing.argument_schema import action_options
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import S


def action_of(name: str, args: BaseModel) -> Action:
    """Describe a command to the rules.

    Its database is the argument called `name`; `group` says where a new one is to be. What was not typed has its
    default, such as the lifetime of a token.
    """
    given = args.__dict__  # asking a model for what it does not have takes long
    database, expiration = given.get("name"), given.get("expiration")
    return Action(
        command=name,
        options=action_options(args),
        databases=(Target(database, given.get("group")),) if isinstance(database, str) and database else (),
        lifetime=expiration.lifetime if expiration else None,
    )


def action_of_line(grammar: Grammar[S], line: str, *, group: str | None = None) -> Action:
    """Return the action of a command line. One that lacks an argument is judged by what it has.

    Args:
        group: the group of the database, where the line does not say it.
    Raises:
        BadInput: the line is no command.
    """
    read = grammar.parse(line)
    action = action_of(read.spec.name, read.args)
    if group is None:
        return action
    return replace(action, databases=tuple(replace(one, group=one.group or group) for one in action.databases))

"""Finds the commands: every file of a family whose name doesn't begin with an underscore has one."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Final

from bot.commands.base import ChangeCommand, Command, ReadCommand, SecretCommand

KINDS: Final = (ReadCommand, ChangeCommand, SecretCommand)


class IncompleteCommand(TypeError):
    """Raised if a command's file is incomplete or has the wrong name. The message lists what `missing_in` found."""


def find_commands(package: str) -> tuple[Command, ...]:
    """Import every family of a package and return its commands in the order of `help`.

    Raises:
        IncompleteCommand: a file lacks something that its kind of command needs.
    """
    commands = [_command_of(import_module(name)) for name in _files(package)]
    return tuple(sorted(commands, key=lambda one: (one.position, one.name)))


def missing_in(module: ModuleType) -> list[str]:
    """Return a sentence for each thing that a command's file lacks. Empty if it is complete.

    Without a `command`, that is the only thing.
    """
    command = getattr(module, "command", None)
    if not isinstance(command, KINDS):
        kinds = ", ".join(f"`{kind.__name__}`" for kind in KINDS)
        return [
            f"It must end with `command = …`, where the value is one of {kinds}. If it is a helper, start its name "
            "with `_`."
        ]
    lacks = []
    file, expected = module.__name__.rpartition(".")[2], command.name.replace(" ", "_")
    if file != expected:
        lacks.append(f"It is called `{file}.py`, but `{command.name}` belongs in `{expected}.py`.")
    if not command.summary:
        lacks.append("It has no `summary`: `/turso help` shows it.")
    if command.usage and not command.usage.removeprefix("db ").startswith(command.name):
        lacks.append(f"Its `usage` doesn't begin with `{command.name}` or `db {command.name}`.")
    if command.changes and not command.verb:
        lacks.append("It has no `verb`, such as `Freeze writes`: buttons and cards show it.")
    if command.changes and not command.purpose:
        lacks.append("It has no `purpose`, such as `freeze {}`: the audit log says that someone asked to do that.")
    unreadable = command.reveals or (isinstance(command, ChangeCommand) and command.read_back is None)
    if unreadable and not command.again_label:
        lacks.append(
            "It has no `again_label`. Its outcome can't be read back, so people need a button to request it again."
        )
    return lacks


def _files(package: str) -> Iterator[str]:
    for family in iter_modules(import_module(package).__path__, f"{package}."):
        if family.ispkg:
            files = iter_modules(import_module(family.name).__path__, f"{family.name}.")
            yield from (one.name for one in files if not one.name.rpartition(".")[2].startswith("_"))


def _command_of(module: ModuleType) -> Command:
    if lacks := missing_in(module):
        raise IncompleteCommand("\n".join([f"{module.__file__} isn't a complete command:", *lacks]))
    command: Command = module.command
    return command

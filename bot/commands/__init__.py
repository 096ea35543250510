"""All commands. Each folder is a family, and each of its files is one command. Names of helpers begin with `_`."""

from typing import Final

from bot.commands._discovery import find_commands
from bot.commands.base import Command
from bot.core.catalogue import CommandCatalogue

COMMANDS: Final[tuple[Command, ...]] = find_commands(__name__)
"""Every command, in the order of `help`."""
CATALOGUE: Final = CommandCatalogue(COMMANDS)
"""The declarations of the commands. `app` passes them to the policy, which itself contains no command."""

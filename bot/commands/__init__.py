"""What people can ask, in families: a file is a command, and one whose name begins with `_` helps the others."""

from typing import Final

from bot.commands._discovery import find_commands
from bot.commands.base import Command
from bot.core.catalogue import CommandCatalogue

COMMANDS: Final[tuple[Command, ...]] = find_commands(__name__)
"""Every command, in the order of help."""
CATALOGUE: Final = CommandCatalogue(COMMANDS)
"""What they declare: `app` passes it to the policy, which knows no command by itself."""

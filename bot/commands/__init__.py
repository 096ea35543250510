"""What people can ask: one file is one command."""

from bot.commands import create, destroy, help, home, list, requests, restore, rotate, show, token, usage, whoami  # noqa: A004
from bot.commands.base import Command

COMMANDS: tuple[Command, ...] = (
    home.command,
    help.command,
    whoami.command,
    list.command,
    show.command,
    usage.command,
    requests.command,
    create.command,
    token.command,
    rotate.command,
    destroy.command,
    restore.command,
)

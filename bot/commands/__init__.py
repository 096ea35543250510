"""What people can ask: one file is one command."""

from bot.commands import (
    audit,
    create,
    destroy,
    doctor,
    freeze,
    help,  # noqa: A004
    home,
    list,  # noqa: A004
    policy_explain,
    protect,
    requests,
    restore,
    rotate,
    show,
    thaw,
    token,
    tokens,
    usage,
    whoami,
)
from bot.commands.base import Command

COMMANDS: tuple[Command, ...] = (
    home.command,
    help.command,
    whoami.command,
    list.command,
    show.command,
    usage.command,
    tokens.command,
    requests.command,
    audit.command,
    policy_explain.command,
    doctor.command,
    create.command,
    token.command,
    freeze.command,
    thaw.command,
    protect.command,
    rotate.command,
    destroy.command,
    restore.command,
)

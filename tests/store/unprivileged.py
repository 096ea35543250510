"""Runs `python -m bot` as the user `nobody` if the tests run as root, who could write every file."""

import os
from collections.abc import Sequence

import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401  # imported early, because `nobody` can't read packages below /root

import bot.app.admin_commands  # noqa: F401
from bot.__main__ import main as run

NOBODY = 65534


def main(arguments: Sequence[str]) -> int:
    """Run one command as `nobody` if this process runs as root, and otherwise as the current user."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return run(arguments)

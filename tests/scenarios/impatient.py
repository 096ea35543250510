"""The bot's command line with a shorter wait for a store that it can't reach."""

from collections.abc import Sequence

from bot.__main__ import main as run
from bot.app import serving

SECONDS = 2.0
"""The longest wait. Without this module, it is a minute."""


def main(arguments: Sequence[str]) -> int:
    """Run one command that waits for its store for at most `SECONDS`."""
    vars(serving)["WAIT_SECONDS"] = SECONDS
    return run(arguments)

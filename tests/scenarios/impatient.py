"""The command line, with less patience for a store that can't be reached."""

from collections.abc import Sequence

from bot.__main__ import main as run
from bot.app import serving

SECONDS = 2.0


def main(arguments: Sequence[str]) -> int:
    """Run one command that waits for its store no longer than `SECONDS`."""
    vars(serving)["WAIT_SECONDS"] = SECONDS
    return run(arguments)

"""Standard output and standard error of a command. They may be closed, or unable to show a character."""

import io
import os
import sys


def spare_the_output() -> None:
    """Keep a command from failing because of a closed output or a character that it can't show."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_the_output() -> None:
    """Discard the rest of the output after standard output was closed.

    Otherwise Python would write it at exit, and fail.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""Standard output and standard error of a command, which may be closed or unable to show a character."""

import io
import os
import sys


def spare_the_output() -> None:
    """Let no encoding and no missing output end a command with a traceback."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_the_output() -> None:
    """Discard what is still to be written to a closed standard output: Python writes it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

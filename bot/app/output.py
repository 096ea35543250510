"""Handles problems with standard streams and the working folder, and puts the system's errors into sentences."""

import io
import os
import sys

from bot.settings import BadSettings


def tolerate_closed_streams() -> None:
    """Keep a command from failing because of a closed stream or a character that it can't show.

    A closed standard input is opened as well. Otherwise its number is given to the next file or socket, and uvloop
    aborts the process when it closes that.
    """
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_output() -> None:
    """Discard the rest of the output after standard output was closed.

    Otherwise Python would write it at exit, and fail.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def require_working_folder() -> None:
    """Raise BadSettings if the folder in which the command was started no longer exists."""
    try:
        os.getcwd()
    except OSError:
        raise BadSettings("The working directory no longer exists. Change to another one.") from None


def describe_refusal(error: OSError) -> str:
    """Return a sentence about something that the operating system refused."""
    why = error.strerror or type(error).__name__
    if error.filename is not None:
        return f"`{os.fsdecode(error.filename)}` can't be used ({why})."
    return f"The operating system refused something that the command needs ({why})."

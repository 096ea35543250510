"""Handles problems with standard streams and the working folder, and puts the system's errors into sentences."""

import errno
import io
import os
import sys
from typing import Any, TextIO

from bot.settings import BadSettings

TOO_FEW_FILES = "Too few files can be open at the same time. Raise the limit (`ulimit -n`) to 1024 or more."


class OutputFailed(OSError):
    """Raised when standard output can't be written, to tell this apart from an error of another file.

    A closed pipe is still a BrokenPipeError.
    """


class _Output(io.FileIO):
    """Standard output, whose errors can be told apart from those of other files."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputFailed(error.errno, error.strerror) from None


def tolerate_closed_streams() -> None:
    """Keep a command from failing because a standard stream is closed or can't show a character.

    A closed standard input is opened as well. Otherwise its number is given to the next file or socket, and uvloop
    aborts the process when it closes that.
    """
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _with_own_error(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _with_own_error(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """Return a stream for the same file with errors of `_Output`. With PYTHONUNBUFFERED, it is line-buffered."""
    file = io.BufferedWriter(_Output(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(
        file, encoding=stream.encoding, line_buffering=stream.line_buffering or stream.write_through
    )


def discard_output() -> None:
    """Discard the rest of the output after standard output couldn't be written.

    Otherwise Python would write it at exit, and fail.
    """
    _discard(sys.stdout)


def complain(sentence: str) -> None:
    """Print an error or a warning. If it can't be printed, it is lost, and the exit status still says what happened."""
    try:
        sys.stderr.write(f"turso-ops: {sentence}\n")
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def flush_errors() -> None:
    """Write what is left of the error output, or discard it. Otherwise Python would fail at exit with status 120."""
    try:
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def require_working_folder() -> None:
    """Raise BadSettings if the folder in which the command was started no longer exists."""
    try:
        os.getcwd()
    except OSError:
        raise BadSettings("The working directory no longer exists. Change to another one.") from None


def describe_refusal(error: OSError) -> str:
    """Return a sentence about something that the operating system refused."""
    if error.errno == errno.EMFILE:
        return TOO_FEW_FILES
    why = error.strerror or type(error).__name__
    if error.filename is not None:
        return f"`{os.fsdecode(error.filename)}` can't be used ({why})."
    return f"The operating system refused something that the command needs ({why})."

"""The `.env` file in the working directory.

A line that can't be read is an error, because it may be the one that sets `DATABASE_URL`.
"""

import re
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from bot.settings.values import BadSettings

FILE: Final = Path(".env")
ENCODING: Final = "utf-8-sig"
_NAME: Final = re.compile(r"[\w.-]+")
_OPENS_A_QUOTE: Final = re.compile(r"^\s*(?:export\s+)?(?:'[^'\n]+'|[^=#\s]+)[^\S\n]*=[^\S\n]*['\"]")


def read_env_file() -> dict[str, str]:
    """Return the variables in `.env` that have a value. Reads it once, because it may be a pipe.

    Returns none if there is no such file, or if `.env` is the folder of a Python virtual environment.

    Raises:
        BadSettings: it can't be read. The error never quotes it, because any part of it may be a secret.
    """
    text = _text()
    for binding in parse_stream(StringIO(text)):
        if problem := _problem(binding):
            raise BadSettings(f"`.env` line {_line(binding)} can't be read: {problem}.")
    return {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value}


def _text() -> str:
    try:
        return FILE.read_text(encoding=ENCODING)
    except UnicodeDecodeError:
        raise BadSettings("`.env` isn't UTF-8 text. Save it as UTF-8.") from None
    except FileNotFoundError:
        if FILE.is_symlink():
            raise BadSettings(
                "`.env` is a link to a file that doesn't exist. Create that file or remove the link."
            ) from None
        return ""
    except IsADirectoryError:
        if (FILE / "pyvenv.cfg").is_file():  # some people name a virtual environment `.env`
            return ""
        # Docker creates a folder if the file that it should mount doesn't exist.
        raise BadSettings("`.env` is a folder, but must be a file. Replace or remove it.") from None
    except OSError as error:
        raise BadSettings(f"`.env` can't be read ({error.strerror}).") from None


def _problem(binding: Binding) -> str:
    """Return what is wrong with a line, or an empty string. To dotenv, `NAME:value` is a name without a value."""
    if binding.error and _OPENS_A_QUOTE.match(binding.original.string):
        return "its value begins with a quotation mark, so it must end with the same one"
    if binding.error or (binding.key is not None and not _NAME.fullmatch(binding.key)):
        return "it must be NAME=value, a comment that begins with #, or empty"
    return ""


def _line(binding: Binding) -> int:
    """Return the number of a line. dotenv counts the empty lines before it as part of it."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")

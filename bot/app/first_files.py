"""The files of a new installation: `turso-ops init` copies them from the examples."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.settings import BadSettings

COPIES: Final = {"policy.example.yaml": ("policy.yaml", 0o644), ".env.example": (".env", 0o600)}
"""The file that each example becomes, and its mode."""


def write_first_files(folder: Path) -> int:
    """Write the policy and the settings into a folder, and print what became of each.

    Returns:
        0, or 1 if a file was there already. Such a file stays as it is.
    Raises:
        BadSettings: a file can't be written.
    """
    found = False
    for example, (name, mode) in COPIES.items():
        path = folder / name
        try:
            written = _write_new(path, _example(example).read_bytes(), mode)
        except OSError as error:
            raise BadSettings(f"`{path}` can't be written: {error.strerror}.") from None
        found = found or not written
        print(f"Wrote `{path}`: fill it in." if written else f"`{path}` already exists and was left unchanged.")
    return int(found)


def _example(name: str) -> Path:
    """Return the path of an example: in the package, or in the checkout that the package is part of."""
    return next(folder / name for folder in _folders() if (folder / name).exists())


def _folders() -> Iterator[Path]:
    package = Path(__file__).parents[1]
    yield package / "examples"
    yield package.parent


def _write_new(path: Path, content: bytes, mode: int) -> bool:
    """Write a file, unless there is something of this name. Returns whether it was written."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(file, "wb") as opened:
        opened.write(content)
    return True

"""Creates the files of a new installation for `turso-ops init`, from the examples."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.settings import BadSettings

COPIES: Final = {
    "policy.example.yaml": ("policy.yaml", 0o644),
    "policy.example.tests.yaml": ("policy.tests.yaml", 0o644),
    ".env.example": (".env", 0o600),
}
"""For each example, the file to create and its mode."""


def write_first_files(folder: Path) -> int:
    """Create the policy, its test cases and the settings file in a folder, and print the result for each.

    Returns:
        0, or 1 if one of the files existed already. An existing file isn't changed.
    Raises:
        BadSettings: a file can't be written.
    """
    any_exists = False
    for example, (name, mode) in COPIES.items():
        path = folder / name
        try:
            written = _write_new(path, _example(example).read_bytes(), mode)
        except OSError as error:
            raise BadSettings(f"`{path}` can't be written: {error.strerror}.") from None
        any_exists = any_exists or not written
        print(f"Wrote `{path}`: fill it in." if written else f"`{path}` already exists and was left unchanged.")
    return int(any_exists)


def _example(name: str) -> Path:
    """Return the path of an example, in the installed package or in the source tree."""
    return next(folder / name for folder in _folders() if (folder / name).exists())


def _folders() -> Iterator[Path]:
    package = Path(__file__).parents[1]
    yield package / "examples"
    yield package.parent


def _write_new(path: Path, content: bytes, mode: int) -> bool:
    """Create a file, unless something with this name exists. Returns whether it was created."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(file, "wb") as opened:
        opened.write(content)
    return True

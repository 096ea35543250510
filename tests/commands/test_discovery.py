"""Each command is a file that is found automatically. An incomplete file raises an error that names what is missing."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import bot.commands
from bot.commands import COMMANDS
from bot.commands._discovery import IncompleteCommand, find_commands, missing_in

FAMILIES = Path(bot.commands.__file__).parent
FILES = sorted(path for path in FAMILIES.glob("*/*.py") if not path.name.startswith("_"))
COMPLETE = """
from pydantic import BaseModel

from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.commands.base import {kind}
from bot.core.model import Risk
from bot.core.requests.plan import Plan


class Args(BaseModel):
    pass


async def run(ctx, args):
    return reply(mrkdwn("hello"), [])


command = {kind}(name="regions", usage="db regions", summary="The regions", args=Args, {more})
"""
CHANGES = "risk=Risk.LOW, plan=run, act=run, read_back=None, message=run"


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the folder of a command family in a new package."""
    folder = tmp_path / "offered" / "places"
    folder.mkdir(parents=True)
    (tmp_path / "offered" / "__init__.py").touch()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "offered"]:
        del sys.modules[name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_of_a_family_is_a_complete_command(path: Path) -> None:
    module = import_module(f"bot.commands.{path.parent.name}.{path.stem}")
    lacks = missing_in(module)
    words = "" if not module.command.usage else rf"( db)? {module.command.name}"
    if not re.match(rf"`/turso{words}\b", f"{module.__doc__}"):
        lacks.append(f"Its docstring doesn't begin with `/turso {module.command.usage}`.")
    assert not lacks, f"{path.relative_to(FAMILIES)} isn't a complete command: {' '.join(lacks)}"


def test_every_file_of_a_family_is_found() -> None:
    assert sorted(command.name.replace(" ", "_") for command in COMMANDS) == sorted(path.stem for path in FILES)


def test_a_new_file_is_a_new_command(family: Path) -> None:
    (family / "regions.py").write_text(COMPLETE.format(kind="ReadCommand", more="run=run"))
    (family / "_places.py").write_text("NOWHERE = ()\n")
    assert [command.name for command in find_commands("offered")] == ["regions"]


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("regions", "PLACES = ()\n", "It must end with `command = …`"),
        ("regions", "command = print\n", "one of `ReadCommand`, `ChangeCommand`, `SecretCommand`"),
        ("places", COMPLETE.format(kind="ReadCommand", more="run=run"), "`regions` belongs in `regions.py`"),
        ("regions", COMPLETE.format(kind="ChangeCommand", more=CHANGES), "It has no `verb`, such as `Freeze writes`"),
        ("regions", COMPLETE.format(kind="ChangeCommand", more=CHANGES), "It has no `purpose`, such as `freeze {}`"),
        ("regions", COMPLETE.format(kind="ChangeCommand", more=CHANGES), "It has no `again_label`"),
        (
            "regions",
            COMPLETE.format(kind="ReadCommand", more="run=run").replace('usage="db regions"', 'usage="db places"'),
            "Its `usage` doesn't begin with `regions` or `db regions`",
        ),
        (
            "regions",
            COMPLETE.format(kind="ReadCommand", more="run=run").replace('"The regions"', '""'),
            "It has no `summary`",
        ),
    ],
    ids=[
        "no command",
        "something else",
        "another name",
        "no verb",
        "no purpose",
        "no way to ask again",
        "another usage",
        "no summary",
    ],
)
def test_the_error_about_an_incomplete_file_names_what_is_missing(
    family: Path, file: str, text: str, words: str
) -> None:
    (family / f"{file}.py").write_text(text)
    with pytest.raises(IncompleteCommand) as refused:
        find_commands("offered")
    assert words in str(refused.value)
    assert f"{file}.py isn't a complete command" in str(refused.value)

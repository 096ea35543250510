"""A `.env` that can't be read is refused. Otherwise the bot would start without some settings, such as its store.

A folder with this name that is a virtual environment is ignored.
"""

import os
import threading
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.settings import load_database_urls
from bot.settings.env_file import read_env_file

URL = "postgresql://u:canary@127.0.0.1:1/x"
QUOTE = "its value begins with a quotation mark, so it must end with the same one"
FORM = "it must be NAME=value, a comment that begins with #, or empty"
UNREADABLE = {
    f"DATABASE_URL='{URL}": (1, QUOTE),
    f'PORT=1\nexport DATABASE_URL = "{URL}\n': (2, QUOTE),
    f"DATABASE_URL='{URL}\nSLACK_BOT_TOKEN='canary'\n": (1, QUOTE),
    f"DATABASE_URL='{URL}' canary": (1, QUOTE),
    f"DATABASE_URL: {URL}": (1, FORM),
    f"\n \n# a comment\n\nDATABASE_URL: {URL}": (5, FORM),
    f"PORT=1\r\n\r\nDATABASE_URL {URL}\r\n": (3, FORM),
    f"DATABASE_URL:{URL}": (1, FORM),
    f"DATABASE_URL:{URL}?canary=require": (1, FORM),
    f"PORT=1\n{URL}": (2, FORM),
    f"PORT=1\n=\n{URL}": (2, FORM),
    f'"DATABASE_URL"={URL}': (1, FORM),
}
"""For each unreadable content of the file: the number of the first line that can't be read, and why."""
READABLE = {
    "": {},
    "\n# a comment 'as it is\n\n": {},
    "A=1\r\nexport B = '2'\r\n'C'=\"3\" # it's\r\n": {"A": "1", "B": "2", "C": "3"},
    "\ufeffA='two\nlines'\nB=${A}": {"A": "two\nlines", "B": "two\nlines"},
    "A=\nB\nC=it's=c": {"C": "it's=c"},
}
"""For each readable content of the file: the values that it sets. An empty value sets nothing."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty working directory, and an environment without settings."""
    for name in ("DATABASE_URL", "DATABASE_DIRECT_URL", "SECRETS_DIR", "A", "B", "C"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capfd: pytest.CaptureFixture[str], *command: str) -> str:
    """Run a command that must fail without creating a file, and return the error that it printed."""
    before = os.listdir()
    assert main(command) == 2
    assert os.listdir() == before
    out, err = capfd.readouterr()
    assert out == ""
    assert "canary" not in err
    return err


@pytest.mark.parametrize(("content", "says"), UNREADABLE.items())
def test_a_line_that_cannot_be_read_is_refused_without_quoting_it(
    folder: Path, content: str, says: tuple[int, str], capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_text(content, newline="")

    line, why = says
    assert refused(capfd, "db", "upgrade") == f"turso-ops: `.env` line {line} can't be read: {why}.\n"


@pytest.mark.parametrize(
    "command", ["serve", "socket", "worker", "doctor", "db backup copy.db", "db after-restore", "audit verify",
                "audit export", "audit resend --from 1"],
)  # fmt: skip
def test_every_command_that_reads_settings_refuses_an_unreadable_line(
    folder: Path, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_text(f"DATABASE_URL='{URL}")

    assert refused(capfd, *command.split()) == f"turso-ops: `.env` line 1 can't be read: {QUOTE}.\n"


@pytest.mark.parametrize(("content", "values"), READABLE.items())
def test_valid_lines_are_read(folder: Path, content: str, values: dict[str, str]) -> None:
    (folder / ".env").write_text(content, newline="", encoding="utf-8")

    assert read_env_file() == values


def test_the_example_file_can_be_read_and_sets_nothing(folder: Path) -> None:
    (folder / ".env").write_bytes((Path(__file__).parents[2] / ".env.example").read_bytes())

    assert read_env_file() == {}


def test_a_folder_with_the_name_dot_env_is_refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / ".env").mkdir()

    said = "turso-ops: `.env` is a folder, but must be a file. Replace or remove it.\n"
    assert refused(capfd, "db", "upgrade") == said


def test_a_virtual_environment_named_dot_env_is_ignored(folder: Path) -> None:
    (folder / ".env").mkdir()
    (folder / ".env" / "pyvenv.cfg").write_text("version = 3.11.9\n")

    assert read_env_file() == {}


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("nowhere", "is a link to a file that doesn't exist. Create that file or remove the link."),
        (".env", "can't be read (Too many levels of symbolic links)."),
    ],
)
def test_a_link_to_a_missing_file_or_to_itself_is_refused(
    folder: Path, target: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").symlink_to(target)

    assert refused(capfd, "db", "upgrade") == f"turso-ops: `.env` {says}\n"


def test_a_pipe_is_read_once(folder: Path) -> None:
    os.mkfifo(folder / ".env")
    writer = threading.Thread(target=(folder / ".env").write_text, args=("DATABASE_URL=sqlite:///piped.db\n",))
    writer.start()

    assert load_database_urls() == ("sqlite:///piped.db", None)
    writer.join()


def test_dot_env_is_not_read_if_the_caller_gives_the_variables(folder: Path) -> None:
    (folder / ".env").mkdir()

    assert load_database_urls({"_env_file": "x", "DATABASE_URL": "sqlite:///x.db"}) == ("sqlite:///x.db", None)

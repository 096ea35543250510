"""A file, URL, output or limit that stops a command is reported in one sentence, without a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import shared_fork_server
from tests.soak import pairs
from tests.stores import copy_store

ROOT = Path(__file__).parents[2]
LONG = f"/tmp/{'x' * 300}"  # too long for a file name
TOKENS = "SLACK_BOT_TOKEN=xoxb-1-x SLACK_SIGNING_SECRET=0123456789abcdef TURSO_API_TOKEN=abcdefghijkl"
SETTINGS = f"{TOKENS} TURSO_ORGANIZATION=acme"
FULL = "The output can't be written (No space left on device)."
WRONG_URLS = (
    "nothing",
    "postgresql://h/d?sslmode=bogus",
    "postgresql://h/d?foo=bar",
    "postgresql://h",
    "postgresql://h:x/d",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a policy, a file that is too large for a policy, a named pipe and a store."""
    (tmp_path / "policy.yaml").write_bytes((ROOT / "policy.example.yaml").read_bytes())
    (tmp_path / "large.yaml").write_text("#" * 1_000_001)
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "data").mkdir()
    copy_store(tmp_path / "data" / "turso-ops.db")
    return tmp_path


def run(script: str, folder: Path) -> tuple[int, str, str]:
    """Run a shell script in which `bot` runs Turso Ops, and return its status, output and error output."""
    line = f'bot() {{ exec {sys.executable} -m bot "$@"; }}; {script}'
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        ("policy check pipe.yaml", 2, "`pipe.yaml` can't be read (it isn't a file)."),
        ("policy check .", 2, "`.` can't be read (it isn't a file)."),
        ("policy check /dev/zero", 2, "`/dev/zero` can't be read (it isn't a file)."),
        ("policy check large.yaml", 2, "`large.yaml` can't be read (it is larger than 1,000,000 bytes)."),
        ("policy check nowhere.yaml", 2, "`nowhere.yaml` can't be read (No such file or directory)."),
        (f"policy check {LONG}", 2, "can't be read (File name too long)."),
        ("db backup .", 1, "`.` is a folder: name a new file in it."),
        (f"db backup {LONG}", 1, "can't be written (File name too long)."),
        (f"DATABASE_URL=sqlite:///{LONG} audit verify", 2, "can't be used (File name too long)."),
        ("manifest --url https://[", 1, "The URL must be where Slack reaches the bot"),
        ("sandbox --port 0 --seconds 1 --data policy.yaml", 2, "can't be used (Not a directory)."),
    ],
)
def test_a_file_or_url_that_cannot_be_used_is_reported_in_one_sentence(
    folder: Path, line: str, status: int, says: str
) -> None:
    words = line.split()
    given = dict(word.split("=", 1) for word in words if word.startswith("DATABASE_URL="))
    errors = folder / "errors"
    ended = shared_fork_server().fork(
        *[word for word in words if not word.startswith("DATABASE_URL=")],
        environment={"PATH": os.environ["PATH"], **given}, cwd=folder, out=folder / "output", err=errors,
    )  # fmt: skip

    assert ended.wait() == status
    assert_one_sentence(errors.read_text(), says)


@pytest.mark.parametrize(
    ("script", "status", "says"),
    [
        (f"ulimit -n 8; {SETTINGS} bot worker", 75, "Too few files can be open at the same time."),
        (f"ulimit -n 12; {SETTINGS} bot worker", 75, "Too few files can be open at the same time."),
        (f"ulimit -n 20; {SETTINGS} bot serve", 75, "Too few files can be open at the same time."),
        ("ulimit -n 12; bot audit verify", 2, "Too few files can be open at the same time."),
        ("cd data; rm -r ../data; bot db upgrade", 2, "The working directory no longer exists."),
        (f"cd data; rm -r ../data; {SETTINGS} bot serve", 2, "The working directory no longer exists."),
    ],
)
def test_a_low_limit_of_open_files_or_a_deleted_folder_is_reported_in_one_sentence(
    folder: Path, script: str, status: int, says: str
) -> None:
    ended, _, errors = run(script, folder)

    assert ended == status
    assert_one_sentence(errors, says)


def test_the_store_that_was_upgraded_is_named(folder: Path) -> None:
    status, said, _ = run("DATABASE_URL=sqlite:///./data/turso-ops.db bot db upgrade", folder)

    assert (status, said) == (0, f"The bot's own database is up to date (`{folder}/data/turso-ops.db`).\n")


@pytest.mark.parametrize("command", ["policy check", "manifest", "audit verify", "db upgrade", "--help", "--version"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_output_is_reported_and_ends_with_status_2(folder: Path, command: str, unbuffered: str) -> None:
    bot = f"PYTHONUNBUFFERED={unbuffered} bot {command} >/dev/full"

    status, _, errors = run(bot, folder)
    without_errors, _, _ = run(f"{bot} 2>&1", folder)

    assert (status, without_errors) == (2, 2)
    assert_one_sentence(errors, FULL)


@pytest.mark.parametrize("command", ["nonsense", "policy check nowhere.yaml"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_status_does_not_change_if_the_error_cannot_be_printed(folder: Path, command: str, unbuffered: str) -> None:
    status, _, _ = run(f"PYTHONUNBUFFERED={unbuffered} bot {command} 2>/dev/full", folder)

    assert status == 2


def test_a_full_output_is_reported_even_if_the_text_is_longer_than_the_buffer(folder: Path) -> None:
    rules = "\n".join(f"  C{number:08}: {{rules: [{{allow: fly}}]}}" for number in range(1000))
    (folder / "policy.yaml").write_text(f"version: 1\nchannels:\n{rules}\n")

    status, _, errors = run("bot policy check > /dev/full", folder)

    assert status == 2
    assert_one_sentence(errors, FULL)


@pytest.mark.parametrize(
    ("command", "url"),
    pairs(["db upgrade", "db backup new.db", "db after-restore", "doctor", "audit verify"], WRONG_URLS),
)
def test_a_malformed_database_url_is_reported_in_one_sentence_and_ends_with_status_2(
    folder: Path, command: str, url: str
) -> None:
    status, _, errors = run(f"{SETTINGS} DATABASE_URL='{url}' bot {command}", folder)

    assert status == 2
    assert_one_sentence(errors, "DATABASE_URL ")


def assert_one_sentence(errors: str, says: str) -> None:
    assert "Traceback" not in errors
    assert (errors.count("\n"), errors[:11]) == (1, "turso-ops: "), errors
    assert says in errors


@pytest.mark.parametrize(
    ("command", "closed"), pairs(["audit verify", "db upgrade"], ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
)
def test_a_closed_standard_stream_is_not_an_error(folder: Path, command: str, closed: str) -> None:
    status, _, errors = run(f"bot {command} {closed}", folder)

    assert (status, errors) == (0, "")

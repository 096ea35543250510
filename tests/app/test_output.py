"""No traceback is printed if the output is closed, full or missing, or can't encode a character."""

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.app.logs import Line
from bot.store.store import open_store
from tests.store.conftest import StoppedClock
from tests.store.samples import entry
from tests.stores import copy_store

ROOT = Path(__file__).parents[2]
LONG_POLICY = "".join(f"  C{number:08}: {{rules: [{{allow: fly}}]}}\n" for number in range(1000))
"""A thousand channels, each with an unknown command. The errors about them don't fit into the output's buffer."""


@contextmanager
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Replace standard output with a pipe that has no reader, as after `| head` has ended."""
    reads, writes = os.pipe()
    os.close(reads)
    with closing(os.fdopen(writes, "w", encoding="utf-8")) as output:
        monkeypatch.setattr(sys, "stdout", output)
        yield


def test_the_status_is_the_result_even_if_the_result_cannot_be_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (good := tmp_path / "good.yaml").write_text("version: 1\nchannels: {}\n")
    (bad := tmp_path / "bad.yaml").write_text("version: 1\nchanels: {}\n")

    for policy, status in ((good, 0), (bad, 1)):
        with closed(monkeypatch):
            assert main(["policy", "check", str(policy)]) == status


def test_a_command_whose_output_is_closed_midway_prints_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", errors := io.StringIO())
    (policy := tmp_path / "policy.yaml").write_text(f"version: 1\nchannels:\n{LONG_POLICY}")

    with closed(monkeypatch):
        assert main(["policy", "check", str(policy)]) == 141

    assert errors.getvalue() == ""


@pytest.fixture(scope="module")
def url_of_long_log(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a store whose exported audit log is longer than a pipe's buffer."""
    url = copy_store(tmp_path_factory.mktemp("store") / "turso-ops.db")

    async def fill() -> None:
        async with open_store(url, StoppedClock()) as store:
            await store.audit.append(*[entry() for _ in range(1000)])

    asyncio.run(fill())
    return url


PIPES = {
    "audit export | head -n 1": (141, 1),
    "audit export | true": (141, 0),
    "audit export | wc -l": (0, 1),
    "audit verify | true": (0, 0),
    "audit verify | head -n 1": (0, 1),
}
"""For each shell pipe: the exit status of the bot, and the number of lines that the pipe prints."""


@pytest.mark.parametrize("pipe", PIPES)
def test_no_error_is_printed_even_if_the_reader_of_a_shell_pipe_ends_early(
    tmp_path: Path, url_of_long_log: str, pipe: str
) -> None:
    script = f'{sys.executable} -m bot {pipe}; echo "${{PIPESTATUS[0]}}" >&2'
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url_of_long_log, "PYTHONPATH": str(ROOT)}

    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)

    status, lines = PIPES[pipe]
    assert ran.stderr.split() == [str(status)], ran.stderr
    assert ran.stdout.count("\n") == lines


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_character_that_the_output_cannot_encode_is_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    (policy := tmp_path / "policy.yaml").write_text(
        "version: 1\nchannels: {C0DBOPS: {rules: [{allow: 飛ぶ}]}}\n", "utf-8"
    )

    assert main(["policy", "check", str(policy)]) == 1
    assert ("飛ぶ" if encoding == "utf-8" else r"\u98db\u3076") in written.getvalue().decode(encoding)


def test_a_process_without_standard_streams_returns_the_same_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (policy := tmp_path / "policy.yaml").write_text("version: 1\nchannels: {}\n")
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    assert main(["policy", "check", str(policy)]) == 0
    assert main(["policy", "check", str(tmp_path / "nowhere.yaml")]) == 2


def broken_pipe() -> None:
    raise BrokenPipeError


def full_disk() -> None:
    raise OSError(28, "No space left on device")


def closed_file() -> None:
    raise ValueError("I/O operation on closed file")


@pytest.mark.parametrize("fails", [broken_pipe, full_disk, closed_file])
def test_a_log_line_that_cannot_be_written_does_not_stop_the_work(
    monkeypatch: pytest.MonkeyPatch, fails: Callable[[], None]
) -> None:
    class Failing(io.StringIO):
        def write(self, text: str) -> int:
            fails()
            return 0

    monkeypatch.setattr(sys, "stderr", Failing())

    Line().info("something happened")

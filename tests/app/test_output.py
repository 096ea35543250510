"""A closed output, or one that can't show a character, ends no command with a traceback."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.app.logs import Line

LONG = "".join(f"  C{number:08}: {{rules: [{{allow: fly}}]}}\n" for number in range(1000))


@contextmanager
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside, standard output is a pipe that nobody reads, as after `| head`."""
    reads, writes = os.pipe()
    os.close(reads)
    with closing(os.fdopen(writes, "w", encoding="utf-8")) as output:
        monkeypatch.setattr(sys, "stdout", output)
        yield


def test_what_is_known_before_the_output_fails_is_the_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (good := tmp_path / "good.yaml").write_text("version: 1\nchannels: {}\n")
    (bad := tmp_path / "bad.yaml").write_text("version: 1\nchanels: {}\n")

    for policy, status in ((good, 0), (bad, 1)):
        with closed(monkeypatch):
            assert main(["policy", "check", str(policy)]) == status


def test_output_that_is_cut_in_the_middle_is_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", errors := io.StringIO())
    (policy := tmp_path / "policy.yaml").write_text(f"version: 1\nchannels:\n{LONG}")

    with closed(monkeypatch):
        assert main(["policy", "check", str(policy)]) == 141

    assert errors.getvalue() == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_character_that_the_output_cannot_show_is_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    (policy := tmp_path / "policy.yaml").write_text(
        "version: 1\nchannels: {C0DBOPS: {rules: [{allow: 飛ぶ}]}}\n", "utf-8"
    )

    assert main(["policy", "check", str(policy)]) == 1
    assert "飛ぶ" in written.getvalue().decode(encoding).encode().decode("unicode_escape") or encoding == "utf-8"


def test_no_output_at_all_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    assert main(["policy", "check", str(tmp_path / "nowhere.yaml")]) == 2


def broken_pipe() -> None:
    raise BrokenPipeError


def full_disk() -> None:
    raise OSError(28, "No space left on device")


def closed_file() -> None:
    raise ValueError("I/O operation on closed file")


@pytest.mark.parametrize("fails", [broken_pipe, full_disk, closed_file])
def test_a_log_line_that_cannot_be_written_does_not_end_the_work(
    monkeypatch: pytest.MonkeyPatch, fails: Callable[[], None]
) -> None:
    class Failing(io.StringIO):
        def write(self, text: str) -> int:
            fails()
            return 0

    monkeypatch.setattr(sys, "stderr", Failing())

    Line().info("something happened")

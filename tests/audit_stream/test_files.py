"""The audit stream can write to a file or to standard output."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app.audit_stream.received_copy import verify_copy
from bot.app.audit_stream.receivers import Batch, FileReceiver, NotReceived, StandardOutputReceiver
from bot.core.audit import chain
from bot.core.audit_formats import json_line
from tests.store.samples import entry

ROWS = chain([entry() for _ in range(4)])
LINES = [json_line(row) for row in ROWS]
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    "torn", ["", LINES[1][:50], "x" * 10_000], ids=["no incomplete line", "a part of a line", "a long part of a line"]
)
async def test_an_incomplete_line_that_a_crash_left_is_replaced(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "audit.jsonl"
    await FileReceiver(path).send(Batch(1, 1, LINES[:1]), NOW)
    with path.open("a") as file:
        file.write(torn)

    await FileReceiver(path).send(Batch(2, 3, LINES[1:3]), NOW)

    assert path.read_text().split("\n") == [*LINES[:3], ""]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_with_only_an_incomplete_line_is_written_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text("{" * 9_000)
    await FileReceiver(path).send(Batch(1, 4, LINES), NOW)
    assert verify_copy(path, ROWS[-1][2]).last == 4


async def test_a_file_that_was_rotated_is_created_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = FileReceiver(path)
    await file.send(Batch(1, 2, LINES[:2]), NOW)
    path.rename(tmp_path / "audit.jsonl.1")
    await file.send(Batch(3, 4, LINES[2:]), NOW)
    assert [
        line for name in ("audit.jsonl.1", "audit.jsonl") for line in (tmp_path / name).read_text().splitlines()
    ] == LINES


async def test_a_file_that_cannot_be_written_raises_not_received_with_the_cause(tmp_path: Path) -> None:
    with pytest.raises(NotReceived, match=r"^The file can't be written \(Is a directory\)\.$"):
        await FileReceiver(tmp_path).send(Batch(1, 1, LINES[:1]), NOW)


async def test_standard_output_gets_the_lines(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    await StandardOutputReceiver().send(Batch(1, 2, LINES[:2]), NOW)
    assert capfdbinary.readouterr().out.decode() == "".join(f"{line}\n" for line in LINES[:2])

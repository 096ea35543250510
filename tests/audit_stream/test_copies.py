"""`audit verify` checks a received copy of the audit log, and names missing, edited and incomplete entries."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.core.audit import chain
from bot.core.audit_formats import WRITERS, Format, parse_line
from tests.store.samples import entry

ROWS = chain([entry(reason=f'reason {at}: „ü\u2028“ \\ "') for at in range(1, 7)])
HEAD = ROWS[-1][2]
Lines = list[str]


def verified(tmp_path: Path, lines: Lines, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Run `audit verify` on a copy with these lines, and return its exit status and output."""
    copy = tmp_path / "copy.jsonl"
    copy.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    status = main(["audit", "verify", str(copy), *options])
    return status, capsys.readouterr().out


@pytest.fixture(params=Format)
def lines(request: pytest.FixtureRequest) -> Lines:
    return [WRITERS[request.param](row) for row in ROWS]


def test_a_complete_copy_is_valid_in_any_order_and_with_repetitions(
    lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = verified(tmp_path, [*lines[2:], *lines, "", lines[0]], capsys, "--head", HEAD)
    assert (status, "entries 1 to 6" in text, HEAD in text) == (0, True, True)


def test_both_formats_contain_the_entry_as_it_was_written(lines: Lines) -> None:
    assert [(one.seq, one.hash, one.text) for one in map(parse_line, lines)] == [
        (seq, digest, text) for seq, _, digest, text in ROWS
    ]


def test_a_copy_without_the_first_entries_is_valid_and_its_first_entry_is_named(
    lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = verified(tmp_path, lines[3:], capsys)
    assert status == 0
    assert "It begins with entry 4," in text
    assert verified(tmp_path, [], capsys) == (0, "The copy is intact: no entries, latest hash (empty).\n")


def edited(line: str) -> str:
    return line.replace("OPS-7", "OPS-8")


FAULTS: dict[str, tuple[Callable[[Lines], Lines], str]] = {
    "an entry is missing": (lambda lines: [*lines[:2], *lines[3:]], "Missing: entry 3."),
    "an entry was edited": (
        lambda lines: [*lines[:2], edited(lines[2]), *lines[3:]],
        "Entry 3 doesn't match the one before",
    ),
    "the first one was edited": (lambda lines: [edited(lines[0]), *lines[1:]], "Entry 1 doesn't match its hash"),
    "a repetition differs": (lambda lines: [*lines, edited(lines[4])], "Line 7 repeats entry 5"),
    "a line is other JSON": (
        lambda lines: [*lines[:5], '{"raw_data": "x", "unmapped": [1]}'],
        "Line 6 isn't an audit log entry",
    ),
    "a line is cut off": (lambda lines: [*lines[:5], lines[5][:40]], "Line 6 isn't an audit log entry"),
    "a line is other text": (lambda lines: ["[1]", *lines], "Line 1 isn't an audit log entry"),
    "a line has no hash": (lambda lines: ['{"seq": 1}', *lines], "Line 1 isn't an audit log entry"),
    "a line is nested": (lambda lines: ["[" * 100_000, *lines], "Line 1 isn't an audit log entry"),
    "the end was cut": (lambda lines: lines[:4], "without the posted hash"),
}
"""For each fault: a function that adds it to the lines, and a part of the report about it."""


@pytest.mark.parametrize("fault", FAULTS)
def test_the_report_about_an_invalid_copy_says_what_is_wrong(
    fault: str, lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, sentence = FAULTS[fault]
    status, text = verified(tmp_path, change(lines), capsys, "--head", HEAD)
    assert (status, sentence in text) == (1, True), text


@pytest.mark.parametrize("seq", ["99999999999999999999999", "-1", "0"])
def test_a_copy_with_an_impossible_entry_number_is_invalid(
    seq: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file := tmp_path / "copy").write_text(f'{{"seq":{seq},"hash":"x"}}\n')

    assert main(["audit", "verify", str(file)]) == 1
    assert "Line 1 isn't an audit log entry" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not text"])
def test_an_unreadable_file_is_not_called_an_invalid_copy(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "copy"
    if content:
        file.write_bytes(content)
    assert main(["audit", "verify", str(file)]) == 2
    assert capsys.readouterr().err == f"turso-ops: `{file}` can't be read.\n"


@pytest.mark.parametrize(("event", "activity"), [("read", 2), ("finished", 3), ("asked", 99)])
def test_an_ocsf_event_has_the_activity_id_of_its_kind(event: str, activity: int) -> None:
    found = json.loads(WRITERS[Format.OCSF](chain([entry(event, outcome="succeeded")])[0]))
    assert (found["activity_id"], found["type_uid"]) == (activity, 600300 + activity)
    assert (found["class_uid"], found["status_id"], found["time"]) == (6003, 1, 1795521600000)

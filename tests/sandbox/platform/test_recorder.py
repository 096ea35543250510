"""Recording a database's history although SQLite reports commits late, or the disk is full."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from bot.sandbox.platform.hrana.session import open_file
from bot.sandbox.platform.recovery import recorder
from bot.sandbox.platform.recovery.recorder import Recorder


class Late(Recorder):
    """A recorder that learns of commits late: while `holding` is set, they are kept until `deliver` reports them.

    SQLite may report a commit after other connections have written.
    """

    holding = False

    def __init__(self, folder: Path) -> None:
        self.seconds = 0
        super().__init__(folder / "orders.db", folder / "history", lambda: float(self.seconds))
        self.held: list[tuple[apsw.Connection, int, int]] = []

    def record_commit(self, connection: apsw.Connection, made_after: int, frames: int) -> None:
        if self.holding:
            self.held.append((connection, made_after, frames))
        else:
            super().record_commit(connection, made_after, frames)

    def deliver(self) -> None:
        """Report the oldest delayed commit."""
        super().record_commit(*self.held.pop(0))


class Stage:
    """A recorded database with two writers. Its clock advances by a second after each change."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.recorder = folder, Late(folder)
        keeper = open_file(self.recorder.database)
        self.recorder.start(keeper)
        self.a, self.b = (apsw.Connection(str(self.recorder.database)) for _ in range(2))
        for writer in (self.a, self.b):
            self.recorder.watch(writer)
        self.connections = [self.a, self.b, keeper]
        for table in ("t", "u"):
            self.run(self.a, f"CREATE TABLE {table}(a)")

    def run(self, writer: apsw.Connection, sql: str) -> None:
        writer.execute(sql)
        self.recorder.seconds += 1

    def copied(self, at: float) -> list[Any]:
        """Copy the database as of a time, and return the rows of both tables in the copy."""
        target = self.folder / f"copy-{at}.db"
        target.unlink(missing_ok=True)
        self.recorder.copy(target, at)
        with closing(apsw.Connection(str(target))) as copy:
            assert copy.pragma("integrity_check") == "ok"
            return [a for (a,) in copy.execute("SELECT a FROM t UNION ALL SELECT a FROM u ORDER BY a")]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(recorder, "CHECKPOINT_FRAMES", 1)
    stage = Stage(tmp_path)
    yield stage
    for connection in stage.connections:
        connection.close()
    stage.recorder.close_file()


def test_a_checkpoint_records_the_commits_that_are_not_reported_yet(stage: Stage) -> None:
    stage.recorder.holding = True
    stage.run(stage.b, "INSERT INTO t VALUES (1)")
    stage.run(stage.a, "INSERT INTO u VALUES (2)")
    stage.recorder.holding = False
    reported = stage.recorder.seconds

    stage.recorder.deliver()
    stage.recorder.seconds += 1
    stage.run(stage.b, "INSERT INTO t VALUES (3)")
    stage.recorder.deliver()

    assert stage.copied(reported - 0.5) == []
    assert stage.copied(reported) == [1, 2]
    assert stage.copied(reported + 1) == [1, 2, 3]


def test_a_report_after_the_log_has_restarted_records_nothing_twice(stage: Stage) -> None:
    stage.recorder.holding = True
    for number in range(1, 6):
        stage.run(stage.a, f"INSERT INTO t VALUES ({number})")
    late = stage.recorder.held.pop()
    stage.recorder.held.clear()
    stage.recorder.holding = False
    stage.run(stage.b, "INSERT INTO t VALUES (6)")
    stage.run(stage.b, "INSERT INTO t VALUES (7)")
    stage.recorder.held.append(late)
    stage.recorder.deliver()
    stage.run(stage.b, "DELETE FROM t WHERE a > 3")
    last = stage.recorder.seconds - 1

    assert stage.copied(last - 1) == [1, 2, 3, 4, 5, 6, 7]
    assert stage.copied(last - 2) == [1, 2, 3, 4, 5, 6]
    assert stage.copied(last) == [1, 2, 3]


def test_a_copy_undoes_a_commit_that_is_not_reported_yet(stage: Stage) -> None:
    stage.run(stage.a, "INSERT INTO t VALUES (1)")
    before = stage.recorder.seconds - 1
    stage.recorder.holding = True
    stage.run(stage.a, "INSERT INTO t VALUES (2)")
    stage.recorder.holding = False

    assert stage.copied(before) == [1]
    assert stage.copied(stage.recorder.seconds) == [1, 2]


def test_commits_that_a_full_disk_left_unrecorded_are_recorded_with_the_next_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run(stage.a, "INSERT INTO t VALUES (1)")
    before = stage.recorder.seconds - 1
    with monkeypatch.context() as full:
        full.setattr(stage.recorder.folder, "append", _no_space)
        for number in range(2, 10):
            stage.run(stage.a, f"INSERT INTO t VALUES ({number})")

    stage.run(stage.a, "DELETE FROM t")
    after = stage.recorder.seconds - 1
    stage.run(stage.a, "INSERT INTO t VALUES (10)")

    assert (stage.copied(before), stage.copied(after)) == ([1], [])


def _no_space(record: bytes) -> None:
    raise OSError(28, "No space left on device")

"""Which edits of the policy file take effect, and when. The test controls the clock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app.policy_book import CHECK_EVERY, QUIET_SECONDS, UNSETTLED_SECONDS, PolicyBook
from bot.commands import CATALOGUE
from bot.core.policy import Policy, load

RULES = "channels:\n  C0DBOPS:\n    databases: ['*']\n    rules: [{allow: destroy}]\n"
OLD = f"version: 1\n{RULES}ceiling:\n  deny: [{{commands: ['db destroy --now']}}]\n"
NEW = f"version: 1\n{RULES}ceiling:\n  deny: [{{commands: [destroy]}}]\n"
HALF = f"version: 1\n{RULES}"
"""The content of the file before its last key, `ceiling`, has been written."""
BAD = "version: 1\nchanels: {}\n"


@dataclass
class Scene:
    """A policy file in a folder, the time, and the `PolicyBook`, which checks the file while `wait` lets time pass."""

    folder: Path
    time: float = 1000.0
    book: PolicyBook = field(init=False)

    def __post_init__(self) -> None:
        self.path = self.folder / "policy.yaml"
        self.write(OLD)
        self.book = PolicyBook(self.path, "acme", CATALOGUE, now=lambda: self.time)

    def write(self, text: str) -> None:
        """Overwrite the file in place, as `>` and many editors do."""
        self.path.write_text(text)

    def rename(self, text: str) -> None:
        """Write a new file and rename it over the old one, as careful editors do."""
        beside = self.folder / "new.yaml"
        beside.write_text(text)
        beside.replace(self.path)

    def wait(self, seconds: float) -> None:
        """Let time pass, with the regular checks of the file."""
        until = self.time + seconds
        while self.time < until:
            self.time = min(until, self.time + CHECK_EVERY)
            self.book.check()

    @property
    def in_force(self) -> str:
        """Return which of the policies is in force: `old`, `new` or `half`."""
        bans = [ban.says for ban in self.book.policy.ceiling.deny]
        if not bans:
            return "half"
        return "old" if "--now" in bans[0] else "new"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def atomic(scene: Scene) -> None:
    scene.rename(NEW)


def in_place(scene: Scene) -> None:
    scene.write(NEW)


def half_written_for_three_seconds(scene: Scene) -> None:
    scene.write(HALF)
    scene.wait(3)
    assert scene.in_force == "old"
    scene.write(NEW)


def half_written_five_times(scene: Scene) -> None:
    for _ in range(5):
        scene.write(HALF)
        scene.wait(4)
        scene.write(HALF + "ceiling:\n  deny: []\n")
        scene.wait(4)
        assert (scene.in_force, scene.book.problem) == ("old", None)
    scene.write(NEW)


def emptied_then_written(scene: Scene) -> None:
    scene.write("")
    scene.wait(30)
    assert scene.in_force == "old"
    assert "the file is empty" in (scene.book.problem or "")
    scene.write(NEW)


def removed_then_written(scene: Scene) -> None:
    scene.path.unlink()
    scene.wait(30)
    assert (scene.in_force, scene.book.problem) == ("old", "the file can't be read (No such file or directory)")
    scene.write(NEW)


def invalid_then_written(scene: Scene) -> None:
    scene.write(BAD)
    scene.wait(30)
    assert scene.in_force == "old"
    assert "`channels`" in (scene.book.problem or "")
    scene.write(NEW)


def swapped_as_kubernetes_does(scene: Scene) -> None:
    """Replace the file as Kubernetes does: `policy.yaml` links to `..data/policy.yaml`, and `..data` is replaced."""
    for name, text in (("..one", OLD), ("..two", NEW)):
        (scene.folder / name).mkdir()
        (scene.folder / name / "policy.yaml").write_text(text)
    (scene.folder / "..data").symlink_to("..one")
    scene.path.unlink()
    scene.path.symlink_to("..data/policy.yaml")
    scene.wait(10)
    assert (scene.in_force, scene.book.problem) == ("old", None)
    (scene.folder / "..tmp").symlink_to("..two")
    os.replace(scene.folder / "..tmp", scene.folder / "..data")


def of_the_same_size_and_time(scene: Scene) -> None:
    """Change the content of the file, but neither its size nor its modification time."""
    before = scene.path.stat()
    scene.write(NEW.ljust(before.st_size))
    os.utime(scene.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert scene.path.stat().st_size == before.st_size


COME_INTO_FORCE = [
    atomic, in_place, half_written_for_three_seconds, half_written_five_times, emptied_then_written,
    removed_then_written, invalid_then_written, swapped_as_kubernetes_does, of_the_same_size_and_time,
]  # fmt: skip


@pytest.mark.parametrize("edit", COME_INTO_FORCE, ids=lambda edit: edit.__name__)
def test_a_change_takes_effect_once_the_file_is_stable(scene: Scene, edit: Any) -> None:
    edit(scene)
    scene.wait(QUIET_SECONDS - 0.1)
    assert scene.in_force == "old"
    scene.wait(0.1 + 2 * CHECK_EVERY)  # a check notices the change, and the first check after `QUIET_SECONDS` uses it
    assert (scene.in_force, scene.book.problem) == ("new", None)


def invalid(scene: Scene) -> None:
    scene.write(BAD)


def emptied(scene: Scene) -> None:
    scene.write("")


def without_its_version(scene: Scene) -> None:
    scene.write(OLD.removeprefix("version: 1\n"))


def without_any_channel(scene: Scene) -> None:
    scene.write("version: 1\n")


def with_an_impossible_tag(scene: Scene) -> None:
    scene.write(f"version: !!bool x\n{RULES}")


def not_text(scene: Scene) -> None:
    scene.path.write_bytes(b"\xff\xfe\x00v")


def huge(scene: Scene) -> None:
    scene.write(OLD + "#" * 1_100_000)


def a_folder(scene: Scene) -> None:
    scene.path.unlink()
    scene.path.mkdir()


def a_pipe(scene: Scene) -> None:
    scene.path.unlink()
    os.mkfifo(scene.path)


def removed(scene: Scene) -> None:
    scene.path.unlink()


REFUSED = [
    invalid, emptied, without_its_version, without_any_channel, with_an_impossible_tag, not_text, huge, a_folder,
    a_pipe, removed,
]  # fmt: skip


@pytest.mark.parametrize("edit", REFUSED, ids=lambda edit: edit.__name__)
def test_a_refused_change_has_no_effect_and_is_reported_until_the_old_file_is_back(scene: Scene, edit: Any) -> None:
    policy = scene.book.policy
    with capture_logs() as logs:
        edit(scene)
        scene.wait(60)
        assert scene.book.problem
        assert scene.book.policy is policy
        if scene.path.is_dir():
            scene.path.rmdir()
        scene.rename(OLD)
        scene.wait(CHECK_EVERY)

    now: tuple[object, ...] = (scene.book.problem, scene.book.policy, scene.book.is_settling)
    assert now == (None, policy, False)
    assert [each["event"] for each in logs] == [
        "the policy file is not in force; the old policy stays",
        "the policy file is in force again",
    ]


def test_a_file_that_was_moved_away_and_back_is_no_longer_reported(scene: Scene) -> None:
    scene.path.rename(scene.folder / "x")
    scene.wait(3)
    assert scene.book.problem == "the file can't be read (No such file or directory)"
    (scene.folder / "x").rename(scene.path)
    scene.wait(CHECK_EVERY)
    now: tuple[object, object] = (scene.in_force, scene.book.problem)
    assert now == ("old", None)


def test_a_file_that_was_moved_away_and_came_back_changed_takes_effect(scene: Scene) -> None:
    scene.path.rename(scene.folder / "x")
    scene.wait(3)
    scene.write(NEW)
    scene.wait(4)
    assert (scene.in_force, scene.book.problem, scene.book.is_settling) == ("old", None, True)
    scene.wait(4)
    assert (scene.in_force, scene.book.is_settling) == ("new", False)


def test_an_edit_that_is_reverted_in_time_has_no_effect(scene: Scene) -> None:
    policy = scene.book.policy
    scene.write(NEW)
    scene.wait(4)
    scene.write(OLD)
    scene.wait(60)
    assert scene.book.policy is policy


def test_each_of_several_changes_takes_effect_and_so_does_a_revert(scene: Scene) -> None:
    for text, name in ((NEW, "new"), (OLD, "old"), (NEW, "new")):
        scene.write(text)
        scene.wait(10)
        assert scene.in_force == name


def change_again_and_again(scene: Scene, seconds: float) -> None:
    end = scene.time + seconds
    while scene.time < end:
        scene.write(f"{NEW}# {scene.time}\n")
        scene.wait(CHECK_EVERY)


def test_a_file_that_keeps_changing_is_reported_after_a_minute(scene: Scene) -> None:
    change_again_and_again(scene, UNSETTLED_SECONDS - CHECK_EVERY)
    assert scene.book.problem is None
    change_again_and_again(scene, CHECK_EVERY)
    now: tuple[str, str | None] = (scene.in_force, scene.book.problem)
    assert now == ("old", "the file keeps changing, so it isn't loaded")
    scene.wait(10)
    assert (scene.in_force, scene.book.problem) == ("new", None)


def test_refused_content_is_parsed_only_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(text: str, *more: Any, **named: Any) -> Policy:
        read.append(text)
        return load(text, *more, **named)

    monkeypatch.setattr("bot.app.policy_book.load", noted)
    scene.write(BAD)
    scene.wait(60)
    assert read == [BAD]


async def test_changes_are_reported_in_order_and_each_again_until_its_report_succeeds(scene: Scene) -> None:
    reported, fails = [], [False, True, False, False]

    async def changed(old: Any, new: Any) -> None:
        reported.append((old and old.hash, new.hash))
        if fails.pop(0):
            raise OSError("the store fails")

    first = scene.book.policy
    await scene.book.report_changes(changed)
    await scene.book.report_changes(changed)
    hashes = []
    for text in (NEW, HALF):
        scene.write(text)
        scene.book.reload()
        hashes.append(scene.book.policy.hash)
    with pytest.raises(OSError, match="the store fails"):
        await scene.book.report_changes(changed)
    await scene.book.report_changes(changed)
    await scene.book.report_changes(changed)

    new, half = hashes
    assert reported == [(None, first.hash), (first.hash, new), (first.hash, new), (new, half)]


async def test_a_new_policy_is_applied_once_and_again_after_a_failure(scene: Scene) -> None:
    followed, fails = [], [False, True, False]

    async def follow(policy: Policy) -> None:
        followed.append(policy.hash)
        if fails.pop(0):
            raise OSError("no client")

    first = scene.book.policy
    await scene.book.apply_changes(follow)
    await scene.book.apply_changes(follow)
    scene.write(NEW)
    scene.book.reload()
    with pytest.raises(OSError, match="no client"):
        await scene.book.apply_changes(follow)
    await scene.book.apply_changes(follow)
    await scene.book.apply_changes(follow)

    assert followed == [first.hash, scene.book.policy.hash, scene.book.policy.hash]


class Interrupted(PolicyBook):
    """A `PolicyBook` that calls `between` once, when it next sets an attribute."""

    between: Callable[[], None] | None = None

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name != "between" and (between := self.between) is not None:
            self.between = None
            between()


def test_a_check_does_not_restore_a_policy_that_another_thread_has_replaced(scene: Scene) -> None:
    """Without a lock, the check could restore the old policy, because it read the file before the change."""
    scene.book = book = Interrupted(scene.path, "acme", CATALOGUE, now=lambda: scene.time)

    def replace() -> None:
        scene.rename(NEW)
        book.reload()

    replacing = threading.Thread(target=replace)

    def between() -> None:
        replacing.start()
        replacing.join(timeout=0.5)

    book.between = between
    book.check()
    replacing.join()

    assert scene.in_force == "new"

"""There is one version: bot/__init__.py declares it, and the changelog and the program agree."""

import subprocess
import sys

import pytest

from bot import __version__
from bot.__main__ import main
from tools import release_notes

CHANGELOG = (release_notes.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_newest_release_of_the_changelog_is_the_declared_version() -> None:
    assert next(iter(release_notes.releases(CHANGELOG))) == __version__
    assert CHANGELOG.index("## [Unreleased]") < CHANGELOG.index("## [0.1.0]")


def test_the_program_prints_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"turso-ops {__version__}\n"


def test_the_release_notes_of_a_tag_are_its_part_of_the_changelog() -> None:
    def notes(tag: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tools.release_notes", tag]
        return subprocess.run(command, cwd=release_notes.ROOT, capture_output=True, text=True)

    done = notes(f"v{__version__}")
    assert done.returncode == 0, done.stderr
    assert "### Added" in done.stdout
    assert "## [" not in done.stdout
    assert notes("v99.0.0").returncode == 1

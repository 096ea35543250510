"""Turso Ops runs on Linux and macOS. On Windows, every command says so and ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import main

ROOT = Path(__file__).parents[2]
SENTENCE = "turso-ops: Turso Ops runs on Linux and macOS. On Windows, use WSL or a container.\n"


@pytest.mark.parametrize("words", [["serve"], ["db", "upgrade"], ["sandbox"], ["policy", "check"]], ids=" ".join)
def test_on_windows_every_command_prints_one_sentence(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")

    assert main(words) == 2
    assert capsys.readouterr().err == SENTENCE


def test_the_command_line_can_be_loaded_without_the_modules_that_windows_lacks() -> None:
    script = "import sys; sys.modules.update(fcntl=None, uvloop=None, resource=None); import bot.__main__"

    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_package_and_the_documentation_name_both_systems() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert "Operating System :: MacOS" in project
    assert "Operating System :: POSIX :: Linux" in project
    for page in ("install.md", "production.md"):
        assert "Linux or macOS" in " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())

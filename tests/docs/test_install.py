"""The commands on the installation page are in order: each creates what later commands use."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs" / "install.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.S) for line in block.splitlines()]


def first(words: str) -> int:
    return next(at for at, line in enumerate(COMMANDS) if words in line)


def test_the_repository_is_cloned_then_installed_then_used() -> None:
    used = next(at for at, line in enumerate(COMMANDS) if line.startswith("turso-ops "))

    assert first("git clone") < first("python3 -m venv") < first("pip install") < used


def test_files_are_created_before_they_are_read() -> None:
    assert first("turso-ops init") < first("policy check policy.yaml")
    assert first("turso-ops init") < first("policy test policy.yaml")
    assert first("turso-ops init") < first("turso-ops db upgrade") < first("turso-ops doctor")


def test_the_steps_are_numbered_in_their_order() -> None:
    numbers = [int(each) for each in re.findall(r"^## (\d+)\.", TEXT, re.MULTILINE)]

    assert numbers == list(range(1, len(numbers) + 1))

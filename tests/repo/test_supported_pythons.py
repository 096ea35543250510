"""The supported versions of Python are the same everywhere, and `make test-versions` finds them."""

from pathlib import Path

import pytest
import yaml

from tools.test_versions import ROOT, TESTS, find_interpreter, supported

WORKFLOWS = ROOT / ".github/workflows"


def test_ci_tests_every_version_that_is_declared() -> None:
    matrix = yaml.safe_load((WORKFLOWS / "test.yml").read_text())["jobs"]["test"]["strategy"]["matrix"]["python"]

    assert supported() == matrix == ["3.11", "3.12", "3.13", "3.14"]
    assert f'requires-python = ">={matrix[0]}"' in (ROOT / "pyproject.toml").read_text()


def test_what_make_test_versions_runs_exists() -> None:
    assert [path for path in TESTS if not (ROOT / path).exists()] == []
    assert "tools.test_versions" in (ROOT / "Makefile").read_text()


def test_an_interpreter_on_the_path_is_preferred_to_those_of_pyenv(tmp_path: Path) -> None:
    shim, ours = tmp_path / "shims/python3.12", tmp_path / "bin/python3.12"
    old, new = (tmp_path / f"pyenv/versions/3.12.{patch}/bin/python" for patch in (9, 10))
    environ = {"PATH": f"{shim.parent}:{ours.parent}", "PYENV_ROOT": str(tmp_path / "pyenv")}
    assert find_interpreter("3.12", environ) is None

    program(shim, "exit 127")
    program(old, "echo 3.12")
    assert find_interpreter("3.12", environ) == old
    program(new, "echo 3.12")
    assert find_interpreter("3.12", environ) == new
    program(ours, "echo 3.12")
    assert find_interpreter("3.12", environ) == ours


@pytest.mark.parametrize(
    "says", ["echo 3.11", "echo; exit 0", "exit 1"], ids=["another version", "nothing", "a failure"]
)
def test_an_interpreter_of_another_version_is_not_used(tmp_path: Path, says: str) -> None:
    program(tmp_path / "python3.12", says)

    assert find_interpreter("3.12", {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path)}) is None


def program(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)

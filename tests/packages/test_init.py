"""`turso-ops init` writes a policy and settings to fill in, and never overwrites anything."""

from pathlib import Path

import pytest

from bot.__main__ import main
from tools.release_notes import ROOT


def test_a_new_installation_gets_a_policy_and_private_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path)]) == 0

    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "policy.yaml": 0o644,
        "policy.tests.yaml": 0o644,
        ".env": 0o600,
    }
    assert (tmp_path / "policy.yaml").read_text() == (ROOT / "policy.example.yaml").read_text()
    assert (tmp_path / ".env").read_text() == (ROOT / ".env.example").read_text()
    assert main(["policy", "check", str(tmp_path / "policy.yaml")]) == 0
    assert main(["policy", "test", str(tmp_path / "policy.yaml")]) == 0
    assert "fill it in" in capsys.readouterr().out


@pytest.mark.parametrize("there", ["policy.yaml", "policy.tests.yaml", ".env"])
def test_existing_files_are_kept_and_missing_ones_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], there: str
) -> None:
    (tmp_path / there).write_text("mine")

    assert main(["init", str(tmp_path)]) == 1

    assert (tmp_path / there).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 3
    assert f"`{tmp_path / there}` already exists and was left unchanged.\n" in capsys.readouterr().out


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")

    assert main(["init", str(tmp_path)]) == 1

    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "missing")]) == 2

    output = capsys.readouterr().err
    assert output == f"turso-ops: `{tmp_path}/missing/policy.yaml` can't be written: No such file or directory.\n"

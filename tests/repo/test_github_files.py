"""The files for GitHub: workflows match their schemas, issue forms are complete, and CI runs the targets of `make`."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
DEPENDABOT = ROOT / ".github/dependabot.yml"


def check(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run check-jsonschema with one of its built-in schemas."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True)


def steps(name: str) -> list[dict[str, Any]]:
    jobs = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("schema", "files"),
    [("vendor.github-workflows", WORKFLOWS), ("vendor.dependabot", [DEPENDABOT])],
    ids=["workflows", "dependabot"],
)
def test_every_file_matches_its_schema(schema: str, files: list[Path], tmp_path: Path) -> None:
    assert files
    done = check(schema, *files)
    assert done.returncode == 0, done.stdout + done.stderr

    (tmp_path / "wrong.yml").write_text(files[0].read_text().replace("runs-on:", "run-on:").replace("version: 2", ""))
    assert check(schema, tmp_path / "wrong.yml").returncode == 1


def test_every_issue_form_has_a_name_and_fields_with_different_ids() -> None:
    assert FORMS
    for path in FORMS:
        form = yaml.safe_load(path.read_text())
        assert {"name", "description", "body"} <= form.keys()
        ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]
        assert len(ids) == len(set(ids)) > 0


def test_ci_runs_the_same_make_targets_as_developers() -> None:
    assert next(step["run"] for step in steps("test") if "run" in step) == "make test"
    for nightly in ("soak", "contract"):
        assert [step["run"] for step in steps(nightly) if "run" in step] == [f"make {nightly}"]


def test_every_action_is_pinned_to_a_version() -> None:
    used = [step["uses"] for path in WORKFLOWS for step in steps(path.stem) if "uses" in step]
    assert used
    assert [one for one in used if not one.partition("@")[2].removeprefix("v").replace(".", "").isdigit()] == []

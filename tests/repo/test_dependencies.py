"""The version ranges in pyproject.toml include the locked versions.

Libraries on whose details we rely have upper bounds and contract tests.
"""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
DIRECT = [Requirement(line) for group in [*GROUPS, *PROJECT["dependency-groups"].values()] for line in group]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = {
    canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.+!]+)", LOCK, re.MULTILINE)
}
CONTRACT_TESTS = sorted((ROOT / "tests/contract").glob("test_*.py"))
RELIED_ON = (
    "aiohttp", "apsw", "cachetools", "dbos", "httpx", "httpx-aiohttp", "pydantic-settings", "slack-bolt", "slack-sdk",
    "sqlalchemy", "stamina", "uvicorn",
)  # fmt: skip
"""The libraries on whose details we rely."""


@pytest.mark.parametrize("wanted", DIRECT, ids=lambda one: one.name)
def test_the_locked_version_is_allowed(wanted: Requirement) -> None:
    assert wanted.specifier.contains(LOCKED[canonicalize_name(wanted.name)], prereleases=True)


@pytest.mark.parametrize("name", RELIED_ON)
def test_a_library_on_whose_details_we_rely_has_an_upper_bound(name: str) -> None:
    (wanted,) = [one for one in DIRECT if one.name == name]

    assert any(one.operator in ("<", "<=", "==", "~=") for one in wanted.specifier)


@pytest.mark.parametrize("name", RELIED_ON)
def test_a_library_on_whose_details_we_rely_has_a_contract_test(name: str) -> None:
    module = name.replace("-", "_")
    imports = re.compile(rf"^(?:from|import) {module}\b", re.MULTILINE)

    assert [path for path in CONTRACT_TESTS if imports.search(path.read_text("utf-8"))]


def test_every_contract_test_is_about_libraries_on_whose_details_we_rely() -> None:
    modules = "|".join(name.replace("-", "_") for name in RELIED_ON)
    imports = re.compile(rf"^(?:from|import) (?:{modules})\b", re.MULTILINE)

    assert [path.name for path in CONTRACT_TESTS if not imports.search(path.read_text("utf-8"))] == []

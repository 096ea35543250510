"""The site builds without a warning, and lists every page."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
import yaml

from tests.docs.pages import DOCS, ROOT

CONFIG = ROOT / "mkdocs.yml"
ZENSICAL = Path(sys.executable).with_name("zensical")


def build(root: Path) -> "subprocess.CompletedProcess[str]":
    """Build a copy of the documentation as `make docs` does."""
    copytree(DOCS, root / "docs", dirs_exist_ok=True)
    (root / CONFIG.name).write_bytes(CONFIG.read_bytes())
    command = [str(ZENSICAL), "build", "--strict", "--clean", "--config-file", CONFIG.name]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    built = build(tmp_path)

    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "build" / "site" / "index.html").is_file()


@pytest.mark.parametrize(
    ("link", "builds"), [("glossary.md", True), ("gone.md", False), ("glossary.md#gone", False), ("#gone", False)]
)
def test_a_broken_link_fails_the_build(tmp_path: Path, link: str, builds: bool) -> None:
    (tmp_path / "docs").mkdir()
    copytree(DOCS, tmp_path / "docs", dirs_exist_ok=True)
    page = tmp_path / "docs" / "extra.md"
    page.write_text(f"# Extra\n\n[nothing]({link})\n")

    assert (build(tmp_path).returncode == 0) is builds


def test_the_menu_lists_every_page_once() -> None:
    listed = list(_paths(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["nav"]))

    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def _paths(nav: object) -> "list[str]":
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    assert isinstance(entries, (list, type({}.values())))
    return [path for entry in entries for path in _paths(entry)]

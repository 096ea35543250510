"""Every link and picture of the documentation points to an existing file and heading. Web addresses aren't visited."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import DOCS, ROOT, anchors, links, pages

PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]


def broken(page: Path, text: str) -> list[str]:
    """Return the links of a page that don't resolve. Every `http` or `https` address counts as resolved."""
    return [link for link in links(text) if not _resolves(page, text, link)]


def _resolves(page: Path, text: str, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme in ("https", "http")
    target = (page.parent / parts.path).resolve() if parts.path else page
    if not target.is_file():
        return False
    if page.is_relative_to(DOCS) and not target.is_relative_to(DOCS):
        return False  # the site contains only `docs/`
    return not parts.fragment or parts.fragment in anchors(text if target == page else target.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_resolves(page: Path) -> None:
    assert broken(page, page.read_text("utf-8")) == []


def test_every_picture_is_used() -> None:
    shown = {
        (page.parent / link).resolve()
        for page in pages()
        for link in links(page.read_text("utf-8"))
        if link.endswith(".png")
    }

    assert set((DOCS / "pictures").iterdir()) == shown


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("gone.md", id="a page that is gone"),
        pytest.param("#gone", id="an anchor of the same page"),
        pytest.param("install.md#gone", id="an anchor of another page"),
        pytest.param("../manifest.yaml", id="a file that the site does not have"),
        pytest.param("pictures/gone.png", id="a picture that is gone"),
    ],
)
def test_a_broken_link_is_found(link: str) -> None:
    assert broken(DOCS / "index.md", f"# Title\n\nSee [this]({link}).\n") == [link]


def leftovers_of_a_merge(text: str) -> list[str]:
    """Return the headings without an empty line around them, and the long lines that occur twice."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    touching = re.findall(r"(?<=[^\n]\n)#{1,6} .+|^#{1,6} .+(?=\n[^\n])", prose, re.MULTILINE)
    long = [line for line in prose.splitlines() if len(line) > 60 and not line.startswith(("|", "  "))]
    return [*touching, *{line for line in long if long.count(line) > 1}]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_leftovers_of_a_merge(page: Path) -> None:
    assert leftovers_of_a_merge(page.read_text("utf-8")) == []


def test_leftovers_of_a_merge_are_found() -> None:
    line = "This sentence stands here twice because two people changed it on two branches."

    assert leftovers_of_a_merge(f"# Title\n\n{line}\n{line}\n## Next\n\nText.\n") == ["## Next", line]

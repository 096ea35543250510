"""The documentation uses the project's terms, and none of those that they replaced."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, pages

REPLACED = re.compile(
    r"\b(asker|consents?|consented|deeds?|the floor|adoption|seats?|asked for by)\b|"
    r"tokens? (?:ends?|lives?|from here)\b|\bgo(?:es)? on\b",
    re.IGNORECASE,
)
EXEMPT = {DOCS / "glossary.md", DOCS / "performance.md", ROOT / "CHANGELOG.md"}
"""The list of replaced words itself, what `make bench` writes, and the history."""
PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages() if page not in EXEMPT]


def replaced(text: str) -> list[str]:
    """Return the replaced terms in a text; code is left out, for it has names of its own."""
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    return [found[0] for found in REPLACED.finditer(prose)]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_uses_the_terms_of_the_glossary(page: Path) -> None:
    assert replaced(page.read_text("utf-8")) == []


@pytest.mark.parametrize("text", ["its asker", "the consent of people", "before the deed", "a token ends"])
def test_a_replaced_term_is_found(text: str) -> None:
    assert replaced(text)

"""Documentation and messages use the project's terms, and none of the terms that were replaced."""

import re
from pathlib import Path

import pytest

from tests.conftest import GOLDEN
from tests.docs.pages import DOCS, ROOT, pages
from tests.messages.sentences import sentences

REPLACED = re.compile(
    r"\b(asker|consents?|consented|deeds?|the floor|adoption|seats?|asked for by|shall|whoever|nobody has|from here"
    r"|one word too many)\b|"
    r"tokens? (?:ends?|lives?)\b|live tokens?\b|\bgo(?:es)? on\b",
    re.IGNORECASE,
)
ODD = re.compile(
    r"\b(loose|did not tell|does not tell|not told|is told|break-glass act|are well|owes?|owed|for want of|runs out of"
    r"|lifts? (?:it|that|the)|open again|made elsewhere|minted|by itself meanwhile|told of|nobody|whom"
    r"|takes? (?:a )?writes?|(?:reads|writes) of|without an end|is none"
    r"|votes?(?!\.py)|probes?|ran out of time|on record"
    r"|(?:is|are) (?:refused|overdue) since|worked at|can in|stands? (?:where|here|there)|are no rights)\b",
    re.IGNORECASE,
)
"""Other words that don't belong in a message: they sound translated, or are jargon."""
STIFF = re.compile(r"\b(?:cannot|(?:do|does|did|is|are|was|were|has|have|could|will|would) not)\b")
"""Messages use contractions: `can't`, `didn't`."""
ONE = re.compile(r"\b1 (?:entries|databases|approvals (?:is|are)|requests|channels|timers|tokens|people)\b")
"""Wrong plurals. Counts must use `counted`."""
EXEMPT = {DOCS / "glossary.md", DOCS / "performance.md", ROOT / "CHANGELOG.md"}
"""Exempt: the glossary lists replaced words, `make bench` writes performance.md, the changelog has old entries."""
PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages() if page not in EXEMPT]


def prose(text: str) -> str:
    """Return a text without its code, in which other words are allowed."""
    return re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)


def replaced(text: str) -> list[str]:
    """Return the replaced terms in a text."""
    return [found[0] for found in REPLACED.finditer(prose(text))]


def odd(text: str) -> list[str]:
    """Return the words in a message that it should not contain."""
    return replaced(text) + [found[0] for kind in (ODD, STIFF, ONE) for found in kind.finditer(prose(text))]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_uses_the_terms_of_the_glossary(page: Path) -> None:
    assert replaced(page.read_text("utf-8")) == []


def test_no_message_in_the_catalogue_has_an_odd_word() -> None:
    lines = (GOLDEN / "messages.md").read_text("utf-8").split("\n")
    assert [(line, found) for line in lines if (found := odd(line))] == []


def test_no_sentence_in_the_source_has_an_odd_word() -> None:
    assert [(f"{one.path}:{one.line}", found) for one in sentences() if (found := odd(one.template))] == []


@pytest.mark.parametrize(
    "text", ["its asker", "the consent of people", "before the deed", "a token ends", "whoever may"]
)
def test_a_replaced_term_is_found(text: str) -> None:
    assert replaced(text)


@pytest.mark.parametrize(
    "text",
    [
        "Turso did not tell",
        "A review is owed",
        "It is open again.",
        "The store cannot be read.",
        "The log has 1 entries.",
        "Old tokens are refused since 14:03.",
        "Writes of orders are blocked.",
        "Nobody was told of it.",
        "Your vote was recorded.",
        "The probe token expired.",
    ],
)
def test_an_odd_word_in_a_message_is_found(text: str) -> None:
    assert odd(text)

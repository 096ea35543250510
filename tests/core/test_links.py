"""Link patterns: whatever a person types as a key, it can't change the rest of the URL."""

from urllib.parse import urlsplit

import pytest

from bot.blocks.text import linked_key
from bot.core.links import Links, is_pattern
from tests.blocks.messages import HOSTILE

LINKS = Links("https://jira.example.com/browse/{key}", "https://status.example.com/#/find?id={key}&by=bot")


@pytest.mark.parametrize("key", ["OPS-7", "a/../../b", "x|y>", "{key}", "é #1", "?a=b&c", "~`*_", HOSTILE])
def test_a_key_cannot_change_the_rest_of_the_url(key: str) -> None:
    url = LINKS.ticket_url(key)
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "jira.example.com", "", "")
    assert parts.path.count("/") == 2
    shown = linked_key(url, key)
    assert shown.startswith(f"<{url}|")
    assert shown.count("<") == shown.count(">") == shown.count(f"<{url}|") == 1


def test_the_url_is_escaped_for_slack() -> None:
    assert linked_key(LINKS.incident_url("INC-4"), "INC-4") == (
        "<https://status.example.com/#/find?id=INC-4&amp;by=bot|INC-4>"
    )


def test_a_key_without_a_pattern_is_not_linked() -> None:
    assert Links().ticket_url("OPS-7") == Links().incident_url("INC-4") == ""
    assert linked_key("", "OPS-7") == "OPS-7"


@pytest.mark.parametrize(
    "text",
    ["", "https://a.example/x", "http://a.example/{key}", "https://{key}/", "https://a.example{key}/",
     "//a.example/{key}", "https://me@a.example/{key}", "https://a.example/{key}/{key}", "https://a.example/{id}/{key}",
     "https://a.example/ {key}", "https://a.example/{key}\n", "https://a.example/{key}|x", "https://a.example/<{key}>"],
)  # fmt: skip
def test_invalid_patterns_are_rejected(text: str) -> None:
    assert not is_pattern(text)

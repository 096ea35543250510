"""Keys of a policy file are accepted where they belong and refused elsewhere.

The documentation's complete examples are valid.
"""

import re
from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.policy import PolicyInvalid, load
from tests.core.policy.world import ROOT

PLACES = {
    "the file": ((), "{entry}"),
    "an organization": (("organizations", "acme"), "organizations: {{acme: {{{entry}}}}}"),
    "people": (("people", "dba"), "people: {{dba: {{users: [U0ANA], {entry}}}}}"),
    "the ceiling": (("ceiling",), "ceiling: {{{entry}}}"),
    "a ban": (("ceiling", "deny", 0), "ceiling: {{deny: [{{commands: [rotate], {entry}}}]}}"),
    "a channel": (("channels", "C0X"), "channels: {{C0X: {{{entry}}}}}\nprofiles: {{calm: {{rules: []}}}}"),
    "an allow": (("channels", "C0X", "rules", 0), "channels: {{C0X: {{rules: [{{allow: read, {entry}}}]}}}}"),
    "an approve": (
        ("channels", "C0X", "rules", 0),
        "channels: {{C0X: {{rules: [{{approve: read, by: [U0ANA, U0BEN], {entry}}}]}}}}",
    ),
    "a break_glass": (
        ("profiles", "calm", "rules", 0),
        "profiles: {{calm: {{rules: [{{break_glass: read, review_by: U0BEN, {entry}}}]}}}}",
    ),
    "a deny": (("profiles", "calm", "rules", 0), "profiles: {{calm: {{rules: [{{deny: read, {entry}}}]}}}}"),
    "links": (("links",), "links: {{{entry}}}"),
    "incidents": (
        ("incidents",),
        "incidents: {{to: U0ANA, databases: ['*'], {entry}}}\n"
        "profiles: {{calm: {{rules: []}}, incident: {{rules: []}}}}",
    ),
}
RULE = ["an allow", "an approve", "a break_glass", "a deny"]
RIGHT = RULE[:3]

KEYS = [
    # (key, a value, where it is allowed)
    ("version", "1", ["the file"]),
    ("workspace", "T0ACME", ["the file"]),
    ("organization", "acme", ["the file", "a channel", "incidents"]),
    ("token", "env:TURSO_OTHER", ["an organization"]),
    ("user", "U0ANA", ["people"]),
    ("usergroup", "S0DBA", ["people"]),
    ("usergroups", "[S0DBA]", ["people"]),
    ("guest", "U0GUEST", ["people"]),
    ("guests", "[U0GUEST]", ["people"]),
    ("external", "U0OTHER", ["people"]),
    ("externals", "[U0OTHER]", ["people"]),
    ("databases", "['*']", ["a channel", "a ban", *RULE]),
    ("to", "[U0ANA, 'guest:U0GUEST', 'external:U0OTHER', 'usergroup:S0DBA']", RULE),
    ("quorum", "2", ["an approve"]),
    ("notify", "U0ANA", ["an approve", "a break_glass"]),
    ("confirm", "type-name", ["an allow", "an approve"]),
    ("expires", "30s", ["an approve"]),
    ("requires", "[reason, ticket]", RIGHT),
    ("max_lifetime", "1w", RIGHT),
    ("allow_never", "true", RIGHT),
    ("countdown", "12h", RIGHT),
    ("undo_by", "U0ANA", RIGHT),
    ("visibility", "ephemeral", ["a channel", *RIGHT]),
    ("externally_shared", "true", ["a channel"]),
    ("review_within", "2h", ["a break_glass"]),
    ("blocks_while_owed", "true", ["a break_glass"]),
    ("profile", "calm", ["a channel", "incidents"]),
    ("ticket", "'https://jira.example.com/browse/{key}'", ["links"]),
    ("incident", "'https://status.example.com/?id={key}'", ["links"]),
    ("audit_head_channel", "C0AUDIT", ["the file"]),
    ("policy_channel", "C0ADMIN", ["the file"]),
    ("token_lifetime", "8h", ["the ceiling"]),
    ("deny", "[{commands: rotate}]", ["the ceiling"]),
    ("longest", "6h", ["incidents"]),
]


def policy_with(place: str, entry: Any) -> str:
    """Return a policy file that has this entry in the given place."""
    text = PLACES[place][1].format(entry=entry)
    text = text if text.startswith("version") else f"version: 1\n{text}"
    return text + ("" if "channels:" in text or "incidents:" in text else "\nchannels: {}")


def problem_keys(place: str, key: str, value: Any) -> list[str] | None:
    """Return the keys of the problems with a key in a place, or None if it is accepted there."""
    try:
        load(policy_with(place, f"{key}: {value}"), CATALOGUE, default_organization="acme")
    except PolicyInvalid as error:
        return [problem.key for problem in error.problems]
    return None


@pytest.mark.parametrize(("key", "value", "places"), KEYS)
def test_a_key_is_accepted_where_it_belongs_and_only_there(key: str, value: Any, places: list[str]) -> None:
    """The error for a misplaced key must name the key."""
    elsewhere = [
        place
        for place in PLACES
        if place not in places and (key, place) not in {("databases", "incidents"), ("deny", "the ceiling")}
        if not (key == "deny" and place in RULE)
    ]

    assert {place: problem_keys(place, key, value) for place in places} == dict.fromkeys(places)
    named = {place: problem_keys(place, key, value) or [] for place in elsewhere}
    assert {place: keys for place, keys in named.items() if not any(one.endswith(key) for one in keys)} == {}


def test_the_documentations_complete_examples_are_valid() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md")]
    blocks = [block for page in pages for block in re.findall(r"```yaml\n(.*?)```", page, re.S)]
    examples = [block for block in blocks if block.startswith("version:")]
    assert examples
    for example in examples:
        assert load(example, CATALOGUE, default_organization="acme").channels

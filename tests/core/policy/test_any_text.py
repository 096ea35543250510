"""Any text is a valid policy or gets a list of problems. Random texts, trees and tags never raise another error."""

from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import CATALOGUE
from bot.core.policy import PolicyInvalid, load
from bot.core.policy.document import Problem


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_has_problems(text: str) -> None:
    found: tuple[Problem, ...] | None = None
    try:
        load(f"version: 1\n{text}", CATALOGUE)
    except PolicyInvalid as error:
        found = error.problems
    assert found is None or found


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["read", "token", "U0ANA", "1h"])
)
KEYS = st.sampled_from(
    ["allow", "approve", "deny", "by", "to", "rules", "channels", "C0X", "people", "profiles", "databases", "incidents"]
)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@given(st.dictionaries(KEYS, TREES, max_size=4))
def test_any_tree_is_a_policy_or_has_problems(tree: Any) -> None:
    import yaml

    found: tuple[Problem, ...] = ()
    try:
        load(yaml.safe_dump({"version": 1, **tree}), CATALOGUE)
    except PolicyInvalid as error:
        found = error.problems
    assert all(one.line >= 0 and one.sentence for one in found)


TAGS = ["null", "bool", "int", "float", "str", "binary", "timestamp", "omap", "pairs", "set", "seq", "map", "merge", ""]


VALUES = ["x", "''", "1x", "0b", "{}", "[]", "[[a]]", "{<<: 1}", "{? [a] : b}", "&a [*a]", "!!int"]
PLACES = ["{}", "version: {}", "channels: {{C0DBOPS: {}}}", "{}: 1"]


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_on_every_value_is_a_policy_or_has_problems(tag: str) -> None:
    failed = []
    for place, value in product(PLACES, VALUES):
        text = place.format(f"!!{tag} {value}" if tag else f"! {value}")
        try:
            with suppress(PolicyInvalid):
                load(text, CATALOGUE)
        except Exception as error:
            failed.append(f"{text}: {error!r}")
    assert not failed


@pytest.mark.parametrize("text", ["[" * 10_000, "{a: " * 5_000, "\x00", "a: \x07", "- " * 3_000, "%YAML 9.9\n---\n"])
def test_no_text_makes_the_check_crash(text: str) -> None:
    with pytest.raises(PolicyInvalid):
        load(text, CATALOGUE)

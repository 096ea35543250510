"""Valid parts of a policy file that look wrong are warnings. The example has none."""

from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.policy import load
from tests.core.policy.test_problems import CHANNEL
from tests.core.policy.world import EXAMPLE

WARNINGS = [
    ("no databases", "channels:\n  C0X: {rules: [{allow: read}]}", "channels.C0X", "no database can be used"),
    ("no rules", "channels:\n  C0X: {databases: ['*']}", "channels.C0X", "everything is denied there"),
    (
        "no organization",
        "channels:\n  C0X: {databases: ['*'], rules: [{allow: read}]}",
        "channels.C0X",
        "TURSO_ORGANIZATION",
    ),
    (
        "a lifetime of no token",
        CHANNEL + "{allow: read, max_lifetime: 1h}",
        "channels.C0DBOPS.rules[0].max_lifetime",
        "`token`",
    ),
    (
        "a countdown of nothing",
        CHANNEL + "{allow: token, countdown: 1h}",
        "channels.C0DBOPS.rules[0].countdown",
        "`destroy`",
    ),
    (
        "more than the ceiling",
        "ceiling: {token_lifetime: 4h}\n" + CHANNEL + "{allow: 'token --read-only', max_lifetime: 8h}",
        "channels.C0DBOPS.rules[0].max_lifetime",
        "limits this to 4h",
    ),
    (
        "never under a ceiling",
        "ceiling: {token_lifetime: 4h}\n" + CHANNEL + "{allow: token, allow_never: true}",
        "channels.C0DBOPS.rules[0].allow_never",
        "forbids `never`",
    ),
    (
        "a second level with the default hour",
        CHANNEL + "{approve: freeze, by: U0ANA, notify: U0ANA, escalate_to: [U0BEN, U0REMY]}",
        "channels.C0DBOPS.rules[0].escalate_to",
        "`U0REMY` is never reminded, because requests expire after 1h; set `expires` to more than 1h10m",
    ),
    (
        "requests that expire with the reminder",
        CHANNEL + "{approve: freeze, by: U0ANA, notify: U0ANA, escalate_to: [U0BEN, U0REMY], expires: 30m}",
        "channels.C0DBOPS.rules[0].escalate_to",
        "`U0BEN`, `U0REMY` are never reminded, because requests expire after 30m; set `expires` to more than 1h10m",
    ),
]


@pytest.mark.parametrize(("text", "key", "words"), [pytest.param(*case[1:], id=case[0]) for case in WARNINGS])
def test_valid_text_that_looks_wrong_is_a_warning(text: Any, key: Any, words: Any) -> None:
    found = [one for one in load(f"{text}\nversion: 1", CATALOGUE).warnings if words in one.sentence]
    assert [one.key for one in found] == [key]


@pytest.mark.parametrize(
    ("people", "expires"), [("U0BEN", "31m"), ("[U0BEN, U0REMY]", "71m"), ("[U0BEN, U0REMY, U0CAT]", "151m")]
)
def test_people_who_are_called_before_the_request_expires_are_no_problem(people: str, expires: str) -> None:
    rule = f"approve: freeze, by: U0ANA, notify: U0ANA, escalate_to: {people}, expires: {expires}"
    policy = load(f"{CHANNEL}{{{rule}}}\nversion: 1", CATALOGUE)

    assert [one for one in policy.warnings if "called" in one.sentence] == []


NEVER_DECIDES = [
    ("the same again", ["allow: read", "deny: list"], True),
    ("part of it", ["allow: [token, freeze]", "allow: ['token --read-only']"], True),
    ("for one of them", ["allow: freeze, to: [U0ANA, U0BEN]", "deny: freeze, to: U0ANA"], True),
    ("on some of them", ["deny: destroy", "allow: destroy, databases: ['a-*']"], True),
    ("for longer tokens", ["allow: token, max_lifetime: 1h", "approve: token, by: U0ANA"], False),
    ("for tokens without end", ["allow: token", "allow: token, allow_never: true"], False),
    ("for shorter tokens", ["allow: token", "approve: token, by: U0ANA, max_lifetime: 1h"], True),
    ("more commands", ["allow: list", "allow: read"], False),
    ("without the option", ["allow: ['destroy --now']", "approve: destroy, by: U0ANA"], False),
    ("for everybody else", ["allow: freeze, to: U0ANA", "approve: freeze, by: U0ANA"], False),
    ("for a guest", ["allow: list", "allow: list, to: 'guest:U0GUEST'"], False),
    ("on the others", ["allow: freeze, databases: ['a-*']", "approve: freeze, by: U0ANA"], False),
]


@pytest.mark.parametrize(("rules", "shadowed"), [pytest.param(*case[1:], id=case[0]) for case in NEVER_DECIDES])
def test_a_rule_that_never_decides_is_a_warning(rules: Any, shadowed: Any) -> None:
    text = CHANNEL + "\n      - ".join(f"{{{rule}}}" for rule in rules)
    found = [
        one
        for one in load(f"{text}\nversion: 1", CATALOGUE, default_organization="acme").warnings
        if "never applies" in one.sentence
    ]
    assert [(one.line, one.key) for one in found] == ([(6, "channels.C0DBOPS.rules[1]")] if shadowed else [])


def test_the_example_has_neither_errors_nor_warnings() -> None:
    assert load(EXAMPLE, CATALOGUE).warnings == ()

"""A denial names its reason and what would help: another person, another channel, or another form of the command."""

from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.model import Action, Verdict
from bot.core.policy import decide, load
from tests.core.policy.world import EXAMPLE, act, policy, subject

POLICY = load(EXAMPLE, CATALOGUE)


@pytest.mark.parametrize(
    ("who", "where", "action", "words"),
    [
        pytest.param("a bot", "#db-ops", act("list"), "A person has to do this", id="a bot"),
        pytest.param("a guest", "#db-ops", act("list"), "Guests have no access by default", id="a guest"),
        pytest.param("a stranger", "#db-ops", act("list"), "from other workspaces", id="a stranger"),
        pytest.param("a developer", "a DM", act("list"), "Use a channel", id="in a DM"),
        pytest.param(
            "a developer", "a shared channel", act("list"), "shared with another organization", id="in a shared channel"
        ),
        pytest.param(
            "a developer", "#general", act("list"), "no rules for this channel", id="in a channel without rules"
        ),
        pytest.param(
            "a developer",
            "#general",
            act("show", "billing"),
            "no rules for",
            id="of a database, in a channel without rules",
        ),
        pytest.param(
            "a developer", "#team-orders", act("show", "billing"), "(orders-*)", id="not one of the channel's databases"
        ),
        pytest.param(
            "a passer-by", "#team-orders", act("token", "orders-1"), "Only members", id="a rule for other people"
        ),
        pytest.param(
            "a developer", "#team-orders", act("rotate", "orders-1"), "You can't use", id="no rule for the command"
        ),
        pytest.param("a developer", "#general", act("incident start"), "Only responders", id="not a responder"),
        pytest.param(
            "a developer",
            "#db-ops",
            act("destroy", "prod-a", options=["--now"]),
            "`destroy prod-a --now`",
            id="denied by the ceiling",
        ),
    ],
)
def test_a_denial_says_what_would_help(who: str, where: str, action: Any, words: str) -> None:
    decision = decide(POLICY, subject(who, where), action)
    assert decision.verdict is Verdict.DENY
    assert words in decision.reason


def test_a_denial_names_the_option_with_which_it_would_be_allowed() -> None:
    decision = decide(policy(["allow: ['token --read-only']"]), subject(), act("token", "orders"))
    assert "You can use `token orders --read-only`" in decision.reason


def test_a_denial_names_the_databases_with_which_it_would_be_allowed() -> None:
    decision = decide(policy(["allow: freeze, databases: ['test-*']"]), subject(), act("freeze", "orders"))
    assert "It is only allowed for test-*" in decision.reason


@pytest.mark.parametrize(
    ("who", "where", "action", "may_be"),
    [
        ("a developer", "#general", act("list"), True),
        ("a developer", "#team-orders", act("show", "billing"), True),
        ("a developer", "#team-orders", act("rotate", "orders-1"), True),
        ("a guest", "#db-ops", act("list"), False),
        ("a developer", "#db-ops", act("destroy", "prod-a", options=["--now"]), False),
    ],
)
def test_a_denial_says_whether_another_channel_may_allow_it(who: str, where: str, action: Action, may_be: bool) -> None:
    assert decide(POLICY, subject(who, where), action).elsewhere is may_be


def test_an_explicit_denial_names_its_rule() -> None:
    decision = decide(policy(["deny: freeze"]), subject(), act("freeze", "orders"))
    assert decision.rule == "channels.C0DBOPS.rules[0]: deny freeze"
    assert "This channel doesn't allow `freeze`" in decision.reason

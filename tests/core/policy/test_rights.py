"""What a person may do in a channel, as `/turso`, `help`, `whoami` and Home show it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given

from bot.commands import CATALOGUE, COMMANDS
from bot.core.model import Action, Subject, Verdict
from bot.core.policy import Policy, Right, decide, load, rights_of
from tests.core.policy.test_always import ACTIONS, SUBJECTS, policies
from tests.core.policy.world import EXAMPLE, act, policy, subject

POLICY = load(EXAMPLE, CATALOGUE)
SPECS = {spec.name: spec for spec in COMMANDS}
NAMES = ["home", "help", "list", "token", "destroy", "freeze", "incident start"]


def found(
    rules: Policy, *names: str, who: str = "a developer", where: str = "#db-ops", **more: Any
) -> tuple[Right, ...]:
    return rights_of(rules, subject(who, where, **more), [SPECS[name] for name in names])


@pytest.mark.parametrize(
    ("who", "where", "expected"),
    [
        ("a developer", "#db-ops", ["home", "help", "list", "token", "destroy", "freeze"]),
        ("Ben, responder", "#db-ops", ["home", "help", "list", "token", "destroy", "freeze", "incident start"]),
        ("a developer", "#team-orders", ["home", "help", "list", "token"]),
        ("a passer-by", "#team-orders", ["home", "help", "list"]),
        ("a developer", "#general", ["home", "help"]),
        ("Ben, responder", "#general", ["home", "help", "incident start"]),
        ("a developer", "a DM", ["home", "help"]),
        ("a developer", "a shared channel", []),
        ("a guest", "#db-ops", []),
    ],
)
def test_commands_that_may_be_used_here_in_some_form_are_shown(who: str, where: str, expected: list[str]) -> None:
    shown = dict.fromkeys(one.command for one in found(POLICY, *NAMES, who=who, where=where))
    assert list(shown) == expected


def test_variants_that_the_rules_distinguish_are_shown_separately() -> None:
    assert found(POLICY, "token", "freeze") == (
        Right("token", Verdict.APPROVE, "full access"),
        Right("token", Verdict.ALLOW, "read-only"),
        Right("freeze", Verdict.APPROVE),
    )
    rules = policy(["allow: 'destroy'", "deny: 'destroy --now'"])
    assert found(policy(["deny: 'destroy --now'", "allow: destroy"]), "destroy") == (
        Right("destroy", Verdict.ALLOW, "with a countdown"),
    )
    assert found(rules, "destroy") == (Right("destroy", Verdict.ALLOW),)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(["deny: token", "allow: token"], [], id="denied, although a later rule allows it"),
        pytest.param(
            ["allow: token, databases: [orders]"], [Right("token", Verdict.ALLOW, only=("orders",))], id="one database"
        ),
        pytest.param(
            ["deny: token, databases: ['prod-*']", "allow: token"],
            [Right("token", Verdict.ALLOW, but=("prod-*",))],
            id="all but those denied",
        ),
        pytest.param(
            ["deny: token, databases: ['prod-*']", "allow: token, databases: ['prod-*', users]"],
            [Right("token", Verdict.ALLOW, only=("users",))],
            id="allowed for two patterns, denied for one of them",
        ),
        pytest.param(
            ["allow: token, databases: ['group:eu']", "approve: token, by: 'usergroup:S0DBA'"],
            [
                Right("token", Verdict.ALLOW, only=("group:eu",)),
                Right("token", Verdict.APPROVE, but=("group:eu",)),
            ],
            id="by group",
        ),
        pytest.param(
            ["allow: token, max_lifetime: 30m", "approve: token, by: 'usergroup:S0DBA'"],
            [
                Right("token", Verdict.APPROVE),
                Right("token", Verdict.ALLOW, longest=timedelta(minutes=30)),
            ],
            id="shorter lifetimes",
        ),
        pytest.param(
            ["allow: token, max_lifetime: 30m"],
            [Right("token", Verdict.ALLOW, longest=timedelta(minutes=30))],
            id="only shorter lifetimes",
        ),
        pytest.param(["approve: token, by: 'user:U0DEV'"], [], id="no one else could approve"),
    ],
)
def test_limits_to_databases_and_token_lifetimes_are_shown(rules: list[str], expected: list[Right]) -> None:
    shown = found(policy(rules), "token")
    assert [replace(one, variant="") for one in shown if one.variant in ("", "read-only")] == expected


def test_commands_that_the_ceiling_denies_everywhere_are_not_shown() -> None:
    rules = policy(["allow: [token, freeze]"], more="ceiling: {deny: [{commands: [token]}]}")
    assert [one.command for one in found(rules, "token", "freeze")] == ["freeze"]


@pytest.mark.parametrize(
    "rule", ["approve: %s, by: 'usergroup:S0DBA'", "break_glass: %s, review_by: 'usergroup:S0DBA'"]
)
@pytest.mark.parametrize("command", sorted(CATALOGUE.reading - CATALOGUE.open_to_all))
def test_reading_commands_are_allowed_or_denied_but_never_approved(rule: str, command: str) -> None:
    rules = policy([rule % f"'{command}'", f"allow: '{command}'"])
    assert decide(rules, subject(), act(command)).verdict is Verdict.DENY
    assert found(rules, command) == ()
    assert any("nothing to approve" in one.sentence for one in rules.warnings)


def test_a_group_that_slack_does_not_return_gives_no_permission() -> None:
    rules = policy(["allow: token, to: 'usergroup:S0DBA'"])
    assert found(rules, "token", groups={"S0DBA": None}) == ()


@given(policies(), SUBJECTS, ACTIONS)
def test_everything_that_is_allowed_is_shown(policy: Policy, who: Subject, action: Action) -> None:
    spec = SPECS[action.command]
    field = spec.args.model_fields.get("name")
    if field is None:
        action = replace(action, databases=())
    elif field.is_required():  # the argument is required, and a ceiling on `*` denies each of its values
        assume(action.databases)
    verdict = decide(policy, who, action).verdict
    if verdict is Verdict.ALLOW or (spec.changes and verdict is not Verdict.DENY):
        assert rights_of(policy, who, [spec])

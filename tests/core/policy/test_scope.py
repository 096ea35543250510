"""Which databases are visible to a person in a channel."""

from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.model import Action, Target, Verdict
from bot.core.policy import decide, load
from tests.core.policy.world import EXAMPLE, policy, subject

POLICY = load(EXAMPLE, CATALOGUE)
NAMES = ["orders-eu", "orders-us", "billing", "prod-a"]


def seen(rules: Any, who: str = "a developer", where: str = "#db-ops", command: Any = None, **more: Any) -> list[str]:
    scope = rules.scope(subject(who, where, **more), command)
    return [name for name in NAMES if scope.covers(Target(name, ""))]


def test_a_channel_has_its_own_databases_and_no_others() -> None:
    assert seen(POLICY) == NAMES
    assert seen(POLICY, where="#team-orders") == ["orders-eu", "orders-us"]
    assert seen(POLICY, where="#general") == []


def test_an_incident_in_a_channel_outside_the_policy_has_the_databases_of_the_incidents_key() -> None:
    scope = POLICY.scope(subject("Ben, responder", "#general", incident="incident"))
    assert scope.organization == "acme"
    assert scope.covers(Target("billing"))


@pytest.mark.parametrize("who", ["a bot", "a guest", "a stranger", "a deactivated DBA"])
def test_a_person_whom_the_built_in_limits_refuse_sees_no_databases(who: str) -> None:
    assert seen(POLICY, who) == []


@pytest.mark.parametrize("where", ["a DM", "a shared channel"])
def test_in_a_channel_that_the_built_in_limits_refuse_no_databases_are_visible(where: str) -> None:
    assert seen(POLICY, where=where) == []


def test_a_commands_scope_has_the_databases_for_which_the_rules_allow_it() -> None:
    rules = policy(["deny: list, databases: ['prod-*']", "allow: read, databases: ['orders-*', 'prod-*']"])
    assert seen(rules, command="list") == ["orders-eu", "orders-us"]
    assert seen(rules, command="show") == ["orders-eu", "orders-us", "prod-a"]
    assert seen(rules, command="rotate") == []
    assert seen(rules) == NAMES


def test_the_ceiling_limits_the_scope_too() -> None:
    rules = policy(["allow: read"], more="ceiling: {deny: [{commands: [show], databases: ['prod-*']}]}")
    assert seen(rules, command="show") == ["orders-eu", "orders-us", "billing"]
    assert seen(rules, command="list") == NAMES


CEILING = "ceiling: {deny: [{commands: %s, databases: ['prod-*']}]}"


@pytest.mark.parametrize("command", [one.name for one in CATALOGUE.commands if one.ends_with])
@pytest.mark.parametrize(
    ("rules", "more"),
    [
        (["allow: [destroy, rotate, rewind]"], CEILING % "['destroy --now', rotate]"),
        (["deny: [destroy, rotate], databases: ['prod-*']", "allow: [destroy, rotate, rewind]"], ""),
        (["deny: [destroy, rotate], to: 'usergroup:S0DBA', databases: ['prod-*']", "allow: rewind"], ""),
    ],
    ids=["the ceiling", "a rule", "a rule whose people aren't known"],
)
def test_a_denial_of_destroy_or_rotate_limits_the_scope_of_commands_that_end_with_them(
    command: str, rules: list[str], more: str
) -> None:
    loaded, groups = policy(rules, more=more), {"S0DBA": None}
    scope = loaded.scope(subject(groups=groups), command)
    allowed = [
        name
        for name in NAMES
        if decide(loaded, subject(groups=groups), Action(command, databases=(Target(name, ""),))).verdict
        is not Verdict.DENY
    ]
    assert [name for name in NAMES if scope.covers(Target(name, ""))] == allowed == NAMES[:3]
    assert not scope.covers_all


@pytest.mark.parametrize("rules", [["allow: rewind"], ["allow: [destroy, rewind]", "deny: destroy"]])
def test_a_command_that_ends_with_destroy_keeps_its_scope_if_no_denial_of_destroy_applies(rules: list[str]) -> None:
    assert seen(policy(rules), command="rewind discard") == NAMES


def test_a_rule_for_other_people_does_not_widen_the_scope() -> None:
    rules = policy(["allow: read, to: 'user:U0ANA'", "allow: read, databases: ['orders-*']"])
    assert seen(rules, command="list") == ["orders-eu", "orders-us"]
    assert seen(rules, "Ana, DBA and responder", command="list") == NAMES


def test_a_denial_that_cannot_be_checked_hides_every_database_that_it_may_match() -> None:
    rules = policy(["deny: list, to: 'usergroup:S0DBA', databases: ['prod-*']", "allow: read"])
    assert seen(rules, command="list", groups={"S0DBA": None}) == ["orders-eu", "orders-us", "billing"]


@pytest.mark.parametrize(
    ("rules", "more", "needed"),
    [
        (["allow: read"], {}, False),
        (["allow: read"], {"databases": "['group:eu']"}, True),
        (["allow: read, databases: ['group:eu']"], {}, True),
        (["allow: read"], {"more": "ceiling: {deny: [{commands: [rotate], databases: ['group:eu']}]}"}, True),
    ],
    ids=["no group", "of the channel", "of a rule", "of the ceiling"],
)
def test_a_scope_says_whether_the_group_of_a_database_must_be_known(
    rules: list[str], more: dict[str, Any], needed: bool
) -> None:
    assert policy(rules, **more).scope(subject()).needs_group is needed


def test_the_organization_comes_from_the_channel_or_else_the_file_or_else_the_settings() -> None:
    more = "organizations: {acme: {}, other: {token: env:TURSO_OTHER}}\norganization: acme"
    assert policy([], more=more, channel_more="    organization: other\n").scope(subject()).organization == "other"
    assert policy([], more=more, default="other").scope(subject()).organization == "acme"
    assert policy([], default="ours").scope(subject()).organization == "ours"
    assert policy([], more="organizations: {only: {}}", default=None).scope(subject()).organization == "only"


def test_each_organization_names_the_variable_of_its_token() -> None:
    more = "organizations: {acme: {}, other: {token: env:TURSO_OTHER}}\norganization: acme"
    assert policy([], more=more).organizations == {"acme": "TURSO_API_TOKEN", "other": "TURSO_OTHER"}
    assert policy([], default="ours").organizations == {"ours": "TURSO_API_TOKEN"}

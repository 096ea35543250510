"""Approval and membership: who counts, who never does, and what happens when membership is unknown."""

from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.model import Channel, Subject, Verdict
from bot.core.policy import decide, load, refuses_person
from tests.core.policy.world import PEOPLE, act, policy, subject

UNKNOWN = {"S0DBA": None}


def test_no_one_approves_their_own_request() -> None:
    rules = policy(["approve: rotate, by: ['usergroup:S0DBA', 'user:U0ANA']"])
    assert decide(rules, subject("Ana, DBA and responder"), act("rotate", "a")).approvers.ids == {"U0CARL", "U0DORA"}
    assert decide(rules, subject(), act("rotate", "a")).approvers.ids == {"U0ANA", "U0CARL", "U0DORA"}


def test_an_approver_counts_once_however_many_groups_they_are_in() -> None:
    groups = {"S0DBA": frozenset({"U0ANA"}), "S0OPS": frozenset({"U0ANA"})}
    rules = policy(["approve: rotate, by: ['usergroup:S0DBA', 'usergroup:S0OPS', 'user:U0ANA'], quorum: 2"])
    decision = decide(rules, subject(groups=groups), act("rotate", "a"))
    assert decision.verdict is Verdict.DENY
    assert "This needs 2 approvals from members of a user group, people named by ID" in decision.reason
    assert "Only 1 person other than you" in decision.reason


def test_a_request_that_no_one_else_could_approve_is_denied_at_once() -> None:
    rules = policy(["approve: rotate, by: 'user:U0ANA'"])
    decision = decide(rules, subject("Ana, DBA and responder"), act("rotate", "a"))
    assert decision.verdict is Verdict.DENY
    assert "No one other than you can approve" in decision.reason


def test_an_empty_group_approves_nothing() -> None:
    rules = policy(["approve: rotate, by: 'usergroup:S0DBA'"])
    assert decide(rules, subject(groups={"S0DBA": frozenset()}), act("rotate", "a")).verdict is Verdict.DENY


@pytest.mark.parametrize("groups", [UNKNOWN, {}], ids=["not answered", "not asked"])
@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(["allow: rotate, to: 'usergroup:S0DBA'"], id="who may"),
        pytest.param(["approve: rotate, by: 'usergroup:S0DBA'"], id="who approves"),
        pytest.param(["approve: rotate, by: ['usergroup:S0DBA', 'user:U0ANA'], quorum: 2"], id="some who approve"),
        pytest.param(["break_glass: rotate, review_by: 'usergroup:S0DBA'"], id="who reviews"),
        pytest.param(["deny: rotate, to: 'usergroup:S0DBA'", "allow: rotate"], id="who is denied"),
        pytest.param(
            ["approve: rotate, by: 'user:U0ANA', to: 'usergroup:S0DBA'", "allow: rotate"], id="who needs approval"
        ),
    ],
)
def test_membership_that_cannot_be_checked_denies_with_that_reason(rules: list[str], groups: Any) -> None:
    decision = decide(policy(rules), subject("a developer", groups=groups), act("rotate", "a"))
    assert decision.verdict is Verdict.DENY
    assert "I couldn't look up the members of a user group" in decision.reason


def test_approvers_named_by_id_still_count_when_a_group_cannot_be_checked() -> None:
    rules = policy(["approve: rotate, by: ['usergroup:S0DBA', 'user:U0BEN']"])
    decision = decide(rules, subject(groups=UNKNOWN), act("rotate", "a"))
    assert (decision.verdict, decision.approvers.ids) == (Verdict.APPROVE, frozenset({"U0BEN"}))


def test_if_a_group_cannot_be_checked_a_stricter_rule_for_everyone_applies() -> None:
    rules = policy(["allow: rotate, to: 'usergroup:S0DBA'", "approve: rotate, by: 'user:U0BEN'"])
    assert decide(rules, subject(groups=UNKNOWN), act("rotate", "a")).verdict is Verdict.APPROVE


NAMED = """
version: 1
workspace: T0ACME
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [list], to: ["guest:U0GUEST", "external:U0OTHER"]}
      - {allow: [show]}
  C0SHARED:
    externally_shared: true
    databases: ["*"]
    rules: [{allow: [list], to: "external:U0OTHER"}]
"""


@pytest.mark.parametrize("who", ["a guest", "a stranger"])
def test_guests_and_outsiders_may_do_only_what_a_rule_names_them_for(who: str) -> None:
    rules = load(NAMED, CATALOGUE)
    assert decide(rules, subject(who), act("list")).verdict is Verdict.ALLOW
    assert decide(rules, subject(who), act("show", "a")).verdict is Verdict.DENY
    assert decide(rules, subject(who), act("help")).verdict is Verdict.ALLOW


@pytest.mark.parametrize("reference", ["user:U0GUEST", "usergroup:S0ALL"])
def test_a_guest_who_is_named_like_a_member_has_no_access(reference: str) -> None:
    rules = policy([f"allow: list, to: '{reference}'"])
    here = Subject(PEOPLE["a guest"], Channel("C0DBOPS"), {"S0ALL": frozenset({"U0GUEST"})})
    decision = decide(rules, here, act("list"))
    assert (decision.verdict, decision.rule) == (Verdict.DENY, "floor")
    assert "Guests have no access by default" in decision.reason


def test_a_member_who_is_named_like_a_guest_gets_no_permission() -> None:
    rules = policy(["allow: list, to: 'guest:U0DEV'"])
    assert decide(rules, subject(), act("list")).verdict is Verdict.DENY


def test_a_person_of_another_team_is_an_outsider_even_if_slack_says_otherwise() -> None:
    rules = load(NAMED, CATALOGUE)
    assert decide(rules, subject("a person of another team"), act("show", "a")).rule == "floor"


def test_without_a_workspace_in_the_file_only_the_directory_decides_who_is_an_outsider() -> None:
    rules = policy(["allow: list"])
    assert decide(rules, subject("a person of another team"), act("list")).verdict is Verdict.ALLOW
    assert decide(rules, subject("a stranger"), act("list")).verdict is Verdict.DENY


def test_a_shared_channel_works_only_when_the_policy_says_so() -> None:
    rules = load(NAMED, CATALOGUE)
    assert decide(rules, subject("a stranger", "a shared channel"), act("list")).verdict is Verdict.ALLOW
    closed = load(NAMED.replace("externally_shared: true", "externally_shared: false"), CATALOGUE)
    decision = decide(closed, subject("a stranger", "a shared channel"), act("list"))
    assert (decision.verdict, decision.rule) == (Verdict.DENY, "floor")
    assert "shared with another organization" in decision.reason


def test_the_built_in_limits_refuse_votes_of_bots_deactivated_people_and_other_teams() -> None:
    rules = load(NAMED, CATALOGUE)
    for who in ("a bot", "a deactivated DBA", "a person of another team"):
        assert refuses_person(rules, PEOPLE[who])
    for who in ("a developer", "a guest", "a stranger"):
        assert refuses_person(rules, PEOPLE[who]) is None


def test_a_bot_may_do_nothing_even_when_named() -> None:
    rules = policy(["allow: list, to: ['user:U0BOT', 'guest:U0BOT', 'external:U0BOT']"])
    assert decide(rules, subject("a bot"), act("list")).rule == "floor"


def test_the_policy_names_every_user_group_that_a_decision_may_need() -> None:
    rules = policy(
        [
            "allow: list, to: 'usergroup:S0ONE'",
            "approve: rotate, by: 'usergroup:S0TWO', notify: 'usergroup:S0THREE'",
            "break_glass: destroy, review_by: 'usergroup:S0FOUR', undo_by: 'usergroup:S0FIVE'",
        ],
        more="people: {six: {usergroups: [S0SIX]}}\nprofiles: {incident: {rules: []}}\n"
        "incidents: {to: 'usergroup:S0SEVEN', databases: ['*']}",
    )
    assert rules.usergroups == {"S0ONE", "S0TWO", "S0THREE", "S0FOUR", "S0FIVE", "S0SIX", "S0SEVEN"}

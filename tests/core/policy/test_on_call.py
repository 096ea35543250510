"""Schedules in a policy: what people on call may approve, where a schedule is allowed, and how tools show it."""

import pytest

from bot.commands import CATALOGUE, COMMANDS
from bot.core.model import Verdict
from bot.core.oncall import not_said
from bot.core.parsing.grammar import Grammar
from bot.core.policy import PolicyInvalid, decide, load, report
from tests.core.policy.world import act, policy, subject

PEOPLE = """
oncall_users: {pagerduty: {PANA001: U0ANA, PBEN002: U0BEN}}
people:
  dba: {users: [U0CARL]}
  first: {oncall: {provider: pagerduty, schedule: PDBA100, risk: medium}}
  second: {oncall: {provider: pagerduty, escalation_policy: PESC100, level: 2}}
"""
FIRST, SECOND = "oncall:pagerduty:schedule:PDBA100", "oncall:pagerduty:policy:PESC100:2"
NOW = {FIRST: frozenset({"U0ANA"}), SECOND: frozenset({"U0BEN"})}


def test_the_person_on_call_approves_up_to_the_risk() -> None:
    rules = policy(["approve: [freeze, rotate], by: [first, dba]"], more=PEOPLE)
    assert decide(rules, subject(groups=NOW), act("freeze", "a")).approvers.ids == {"U0ANA", "U0CARL"}
    assert decide(rules, subject(groups=NOW), act("rotate", "a")).approvers.ids == {"U0CARL"}


def test_a_schedule_without_a_risk_is_for_every_risk() -> None:
    rules = policy(["approve: rotate, by: [second]"], more=PEOPLE)
    assert decide(rules, subject(groups=NOW), act("rotate", "a")).approvers.ids == {"U0BEN"}


def test_a_risk_that_no_one_on_call_may_approve_is_denied_at_once() -> None:
    rules = policy(["approve: rotate, by: first"], more=PEOPLE)
    decision = decide(rules, subject(groups=NOW), act("rotate", "a"))
    assert decision.verdict is Verdict.DENY
    assert "This needs 1 approval from first. No one other than you can approve it at the moment" in decision.reason


@pytest.mark.parametrize("groups", [{FIRST: None}, {}], ids=["lookup failed", "not looked up"])
def test_a_service_that_could_not_be_read_has_no_one_on_call(groups: dict[str, None]) -> None:
    only = policy(["approve: freeze, by: first"], more=PEOPLE)
    decision = decide(only, subject(groups=groups), act("freeze", "a"))
    assert (decision.verdict, decision.reason) == (
        Verdict.DENY,
        "I couldn't look up who is on call in PagerDuty. Try again in a moment.",
    )
    others = policy(["approve: freeze, by: [first, dba]"], more=PEOPLE)
    assert decide(others, subject(groups=groups), act("freeze", "a")).approvers.ids == {"U0CARL"}


def test_every_lookup_that_failed_is_named() -> None:
    opsgenie = FIRST.replace("pagerduty", "opsgenie")
    assert not_said(["S0DBA"]) == "I couldn't look up the members of a user group that this depends on"
    assert not_said(["S0DBA", FIRST, SECOND, opsgenie]) == (
        "I couldn't look up who is on call in Opsgenie, or who is on call in PagerDuty, or the members of a user group "
        "that this depends on"
    )


def test_the_person_on_call_reviews_up_to_the_risk() -> None:
    rules = policy(["break_glass: freeze, review_by: first"], more=PEOPLE)
    assert decide(rules, subject(groups=NOW), act("freeze", "a")).reviewers.ids == {"U0ANA"}
    high = policy(["break_glass: rotate, review_by: first"], more=PEOPLE)
    assert decide(high, subject(groups=NOW), act("rotate", "a")).verdict is Verdict.DENY


def test_the_person_on_call_does_not_approve_their_own_request() -> None:
    rules = policy(["approve: freeze, by: [first, second]"], more=PEOPLE)
    asked = decide(rules, subject("Ana, DBA and responder", groups=NOW), act("freeze", "a"))
    assert asked.approvers.ids == {"U0BEN"}


@pytest.mark.parametrize(
    ("more", "rule", "says"),
    [
        (
            PEOPLE,
            "allow: freeze, to: first",
            "`first` is a schedule; only `by`",
        ),
        (PEOPLE, "approve: destroy, by: dba, undo_by: first", "`first` is a schedule"),
        (PEOPLE, "approve: destroy, by: dba, escalate_to: first", "`escalate_to` needs `notify`"),
        (PEOPLE, "approve: destroy, by: dba, direct_message: true", "`direct_message` needs `notify`"),
        (PEOPLE, "allow: destroy, notify: dba, escalate_to: first", "`escalate_to` belongs to `approve`"),
        (PEOPLE.replace("schedule: PDBA100", "level: 1"), "allow: read", "needs one of `schedule` and"),
        (PEOPLE.replace("PDBA100", "PDBA100, escalation_policy: PX1"), "allow: read", "needs one of `schedule` and"),
        (PEOPLE.replace("PDBA100", "'a team'"), "allow: read", "isn't an ID of the on-call service"),
        (PEOPLE.replace("risk: medium", "risk: read"), "allow: read", "takes `low`, `medium` or `high`"),
        (PEOPLE.replace("PANA001: U0ANA", "PANA001: ana"), "allow: read", "isn't a person's ID"),
        (PEOPLE.replace("{pagerduty: {", "{pager: {"), "allow: read", "pagerduty"),
        (PEOPLE.replace("provider: pagerduty, schedule", "provider: pager, schedule"), "allow: read", "pagerduty"),
        (PEOPLE.replace("pagerduty, escal", "opsgenie, escal"), "allow: read", "isn't for Opsgenie"),
        (PEOPLE.replace("pagerduty, escal", "incident_io, escal"), "allow: read", "isn't for incident.io"),
        (
            PEOPLE.replace("schedule: PDBA100", "escalation_policy: PX1, level: 51"),
            "allow: read",
            "from 1 to 50, not `51`",
        ),
        (PEOPLE.replace("risk: medium", "levels: 2"), "allow: read", "`levels` isn't allowed here. Did you mean"),
    ],
)
def test_contradictory_schedules_are_errors(more: str, rule: str, says: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        policy([rule], more=more)
    assert says in "\n".join(map(str, caught.value.problems))


def test_a_schedule_without_any_slack_id_is_a_warning() -> None:
    rules = policy(["approve: freeze, by: [first, dba]"], more=PEOPLE.replace("oncall_users", "#"))
    assert "`oncall_users.pagerduty` names no Slack IDs" in "\n".join(map(str, rules.warnings))


TEXT = f"version: 1\n{PEOPLE}\nchannels:\n  C0A:\n    databases: ['*']\n    rules: [{{approve: freeze, by: first}}]\n"
CASES = """
oncall: {first: [U0ANA]}
cases:
  - {subject: U0DEV, channel: C0A, command: freeze orders, verdict: approve, approvers: U0ANA}
  - {subject: U0ANA, channel: C0A, command: freeze orders, verdict: deny}
"""


def test_the_policy_tools_show_schedules() -> None:
    grammar = Grammar(COMMANDS)
    rules = load(TEXT, CATALOGUE, default_organization="acme")
    assert "2 on-call schedules" in report.check(TEXT, "p.yaml", CATALOGUE)[0][-1]
    lines, _ = report.explain(rules, "freeze orders", grammar, person="U0DEV", channel="C0A")
    assert "approve: This needs 1 approval from first." in lines
    assert report.run_cases(rules, CASES, grammar) == (["2 of 2 cases passed."], True)
    wrong = report.run_cases(rules, CASES.replace("first:", "nobody:"), grammar)
    assert wrong == (["line 2: oncall: `nobody` isn't a schedule in the policy's `people`"], False)


def test_the_policy_tools_show_direct_messages() -> None:
    grammar, text = Grammar(COMMANDS), TEXT.replace("by: first", "by: first, notify: first, direct_message: true")
    rules = load(text, CATALOGUE, default_organization="acme")
    assert (
        "sends the people in `notify` a direct message"
        in report.explain(rules, "freeze orders", grammar, person="U0DEV", channel="C0A")[0]
    )
    case = CASES.replace("approvers: U0ANA", "direct_message: {}")
    assert report.run_cases(rules, case.replace("{}", "true"), grammar)[1]
    (wrong, _), passed = report.run_cases(rules, case.replace("{}", "false"), grammar)
    assert not passed
    assert "expected direct_message false, got true" in wrong


def test_policy_diff_shows_schedules_risks_and_slack_ids() -> None:
    grammar = Grammar(COMMANDS)
    before = load(TEXT, CATALOGUE, default_organization="acme")
    after = load(
        TEXT.replace("PANA001: U0ANA", "PANA001: U0EVE").replace("risk: medium", "risk: low"),
        CATALOGUE,
        default_organization="acme",
    )
    lines = "\n".join(report.diff(before, after, grammar))
    assert "PagerDuty user PANA001: U0ANA → U0EVE" in lines
    assert f"approval of 1 of {FIRST} → denied" in lines

"""A policy can be checked, explained, tested with its own cases and compared before it goes live."""

from datetime import timedelta
from typing import Any

import pytest

from bot.commands import CATALOGUE, COMMANDS
from bot.core.actions import action_of_line
from bot.core.model import NEVER, Action, Risk, Target, Verdict
from bot.core.parsing.grammar import Grammar
from bot.core.policy import decide, load, report
from bot.errors import BadInput
from tests.core.policy.world import EXAMPLE, EXAMPLE_CASES, policy, subject

POLICY = load(EXAMPLE, CATALOGUE)
GRAMMAR = Grammar(COMMANDS)


def test_a_valid_file_is_summarized() -> None:
    lines, well = report.check(EXAMPLE, "policy.yaml", CATALOGUE)
    assert well
    assert lines == [f"policy.yaml: valid: 2 channels, 1 profile, 2 user groups, alerts in C0DBOPS; hash {POLICY.hash}"]


def test_a_file_with_errors_names_them_all_and_fails() -> None:
    lines, well = report.check("version: 2\nchanels: {}", "policy.yaml", CATALOGUE)
    assert not well
    assert lines[0] == "policy.yaml: error: line 1: version: takes 1, not `2`"
    assert lines[-1] == "policy.yaml: 2 errors; this policy wouldn't be used."


def test_warnings_are_shown_and_the_check_passes() -> None:
    lines, well = report.check(
        "version: 1\nchannels: {C0X: {databases: ['*']}}", "policy.yaml", CATALOGUE, default_organization="acme"
    )
    assert well
    assert lines[0].startswith("policy.yaml: warning: line 2: channels.C0X: has no `rules`")


def test_the_hash_depends_only_on_the_meaning_of_the_file() -> None:
    assert load(f"# a comment\n{EXAMPLE}\n", CATALOGUE).hash == POLICY.hash
    assert load(EXAMPLE.replace("quorum: 2", "quorum: 1"), CATALOGUE).hash != POLICY.hash
    places = ["C0A: {databases: []}", "C0B: {rules: []}"]
    one, other = ("version: 1\nchannels: {" + ", ".join(order) + "}" for order in (places, places[::-1]))
    assert load(one, CATALOGUE).hash == load(other, CATALOGUE).hash
    swapped = policy(["allow: read", "deny: token"]), policy(["deny: token", "allow: read"])
    assert swapped[0].hash != swapped[1].hash
    assert policy([], default="one").hash != policy([], default="two").hash


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("db list", Action("list")),
        ("db list orders*", Action("list")),
        ("", Action("home")),
        ("db tokens create orders -r -e 8h", None),
        ("token orders --read-only --expiration=8h", None),
        ("token --expiration 8h —read-only orders", None),
        ("destroy orders --now --reason 'old one'", Action("destroy", frozenset({"--now"}), (Target("orders"),))),
        ("create orders --group eu", Action("create", frozenset(), (Target("orders", "eu"),))),
        ("incident start INC-1 --for 4h", Action("incident start")),
        ("policy explain token orders", Action("policy explain")),
    ],
)
def test_a_line_is_parsed_as_the_rules_see_it(text: str, action: Action | None) -> None:
    found = action_of_line(GRAMMAR, text)
    if action is None:
        assert found == Action("token", frozenset({"--read-only"}), (Target("orders"),), timedelta(hours=8))
    else:
        assert found == action


def test_an_invalid_line_raises_an_error_with_advice() -> None:
    assert action_of_line(GRAMMAR, "token a -e never").lifetime is NEVER
    with pytest.raises(BadInput, match="There is no command `frobnicate`"):
        action_of_line(GRAMMAR, "frobnicate")
    with pytest.raises(BadInput, match="Try `--expiration 1d`"):
        action_of_line(GRAMMAR, "token a -e 1day")


def test_explaining_shows_the_verdict_and_every_rule_that_was_tried() -> None:
    lines, well = report.explain(POLICY, "rotate orders", GRAMMAR, person="U0DEV", channel="C0DBOPS")
    assert well
    assert lines[0] == "U0DEV in C0DBOPS, as a full member: rotate orders"
    assert lines[1] == "approve: This needs 2 approvals from dba, ana."
    assert lines[3] == "  no     channels.C0DBOPS.rules[0]: allow read — another command"
    assert lines[8] == "  match  channels.C0DBOPS.rules[5]: approve rotate, destroy, overages by 2 of dba, ana"


@pytest.mark.parametrize(
    ("command", "channel", "words"),
    [
        ("incident start X", "C0DBOPS", "allow incident to responders — for responders"),
        ("token orders", "C0DBOPS", "allow token --read-only — only with other options"),
        ("token orders -r -e 9h", "C0DBOPS", "allow token --read-only — at most 8h"),
        ("show billing", "C0ORDERS", "isn't one of this channel's databases"),
        ("list", "C0NEW", "no rules for this channel"),
    ],
)
def test_explain_says_why_each_rule_did_not_match(command: str, channel: str, words: str) -> None:
    lines, _ = report.explain(POLICY, command, GRAMMAR, person="U0DEV", channel=channel)
    assert any(words in line for line in lines)


def test_explain_shows_no_match_for_a_rule_that_the_ceiling_limits() -> None:
    rules = ["allow: token, max_lifetime: 48h", "deny: token"]
    limited = policy(rules, more="ceiling: {token_lifetime: 8h}")
    lines, _ = report.explain(limited, "token orders -e 24h", GRAMMAR, person="U0DEV", channel="C0DBOPS")
    assert lines[1].startswith("deny: ")
    assert lines[3:] == [
        "  no     channels.C0DBOPS.rules[0]: allow token — at most 8h",
        "  match  channels.C0DBOPS.rules[1]: deny token",
    ]


def test_explain_names_the_groups_that_would_change_the_answer() -> None:
    lines, _ = report.explain(POLICY, "token orders-1", GRAMMAR, person="U0EVE", channel="C0ORDERS")
    assert lines[1].startswith("deny: ")
    assert lines[-1].startswith("as a member of S0ORDERS: approve: ")
    lines, _ = report.explain(
        POLICY, "token orders-1", GRAMMAR, person="U0EVE", channel="C0ORDERS", groups=["S0ORDERS"]
    )
    assert lines[1].startswith("approve: ")


def test_the_cases_of_the_example_policy_pass() -> None:
    lines, well = report.run_cases(POLICY, EXAMPLE_CASES, GRAMMAR)
    assert (len(lines), well) == (1, True)
    assert lines[0].endswith("cases passed.")


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("{subject: U0DEV, channel: C0DBOPS, command: rotate a, verdict: allow}", "expected allow, got approve"),
        ("{subject: U0DEV, channel: C0DBOPS, command: rotate a, verdict: approve, quorum: 1}", "quorum 1, got 2"),
        (
            "{subject: U0DEV, channel: C0DBOPS, command: rotate a, verdict: approve, approvers: U0EVE}",
            "U0EVE, got U0ANA",
        ),
        ("{subject: U0DEV, channel: C0DBOPS, command: rotat a, verdict: allow}", "There is no command `rotat`"),
        ("{subject: U0DEV, channel: C0DBOPS, command: list, verdict: allow, why: nothing}", "a reason with"),
        ("{subject: U0DEV, channel: C0DBOPS, command: list}", "field required"),
        ("{subject: U0DEV, channel: C0DBOPS, command: list, verdict: yes}", "verdict"),
        ("{who: U0DEV}", "who"),
        (
            "{subject: dev, channel: C0DBOPS, command: list, verdict: deny}",
            "cases[0].subject: `dev` isn't a person's ID",
        ),
        ("{subject: U0DEV, channel: db-ops, command: list, verdict: deny}", "`db-ops` isn't a channel's ID"),
        (
            "{subject: U0DEV, channel: C0DBOPS, command: rotate a, verdict: approve, approvers: ana}",
            "cases[0].approvers[0]: `ana` isn't a person's ID",
        ),
        (
            "{subject: U0DEV, channel: C0DBOPS, command: list, verdict: allow, incident: outage}",
            "`outage` in `incident` isn't one of the policy's profiles",
        ),
        ("[", "this isn't valid YAML"),
    ],
)
def test_a_failing_case_is_named_with_its_line(case: str, words: str) -> None:
    text = f"usergroups: {{S0DBA: [U0ANA, U0CARL]}}\ncases:\n  - {case}\n"
    lines, well = report.run_cases(POLICY, text, GRAMMAR)
    assert not well
    assert any("line 3" in line or "line 4" in line for line in lines)
    assert any(words in line for line in lines), lines


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ("usergroups: {dba: [U0ANA]}", "line 1: usergroups.dba: `dba` isn't a user group's ID"),
        ("usergroups: {S0DBA: [ana]}", "line 1: usergroups.S0DBA[0]: `ana` isn't a person's ID"),
        ("guests: [gil]", "line 1: guests[0]: `gil` isn't a person's ID"),
        ("externals: [oli]", "line 1: externals[0]: `oli` isn't a person's ID"),
        ("bots: [robot]", "line 1: bots[0]: `robot` isn't a person's ID"),
        ("shared_channels: [db-ops]", "line 1: shared_channels[0]: `db-ops` isn't a channel's ID"),
    ],
)
def test_a_name_instead_of_an_id_in_the_facts_is_an_error(facts: str, words: str) -> None:
    case = "{subject: U0DEV, channel: C0NONE, command: list, verdict: deny}"
    lines, well = report.run_cases(POLICY, f"{facts}\ncases: [{case}]\n", GRAMMAR)
    assert not well
    assert lines[0].startswith(words)


def test_a_file_without_cases_fails_the_test() -> None:
    assert report.run_cases(POLICY, "cases: []", GRAMMAR) == (["0 of 0 cases passed."], False)


def test_policies_that_decide_alike_have_no_difference() -> None:
    assert report.diff(
        POLICY, load(EXAMPLE.replace("responders, max_lifetime", "[responders], max_lifetime"), CATALOGUE), GRAMMAR
    ) == ["No one gains or loses a permission."]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            "{allow: [digest, alert], to: dba}",
            "{allow: [digest, alert]}",
            "C0DBOPS: any member: digest now, digest on, digest off, alert on, alert off, alert mute, alert unmute: "
            "denied → allowed",
            id="everybody gains",
        ),
        pytest.param(
            "to: responders}",
            "to: ana}",
            "C0DBOPS: U0BEN: incident status, incident report, incident start, incident end: allowed → denied",
            id="some people lose",
        ),
        pytest.param(
            "max_lifetime: 4h",
            "max_lifetime: 8h",
            "C0ORDERS: usergroup S0ORDERS: token on orders-*, token --read-only on orders-*: "
            "approval of 1 of S0DBA, up to 4h → approval of 1 of S0DBA, up to 8h",
            id="a group's tokens are valid for longer",
        ),
        pytest.param(
            'commands: ["db destroy --now"], databases: ["prod-*"]',
            'commands: ["db destroy"], databases: ["prod-*"]',
            "C0DBOPS: any member: destroy on prod-*: approval of 2 of S0DBA, U0ANA → denied",
            id="the ceiling denies more",
        ),
        pytest.param(
            "{break_glass: [destroy], to: dba,",
            "{break_glass: [freeze], to: dba,",
            "any other channel in an incident: usergroup S0DBA: "
            "destroy on (*, orders-*, prod-*), destroy --now on (*, orders-*): "
            "break-glass, reviewed by U0ANA, U0BEN → denied",
            id="in an incident",
        ),
    ],
)
def test_policy_diff_says_who_gains_or_loses_which_permission_and_where(old: str, new: str, line: str) -> None:
    assert old in EXAMPLE
    assert line in report.diff(POLICY, load(EXAMPLE.replace(old, new), CATALOGUE), GRAMMAR)


def test_changed_links_are_a_difference() -> None:
    linked = load(f'{EXAMPLE}\nlinks: {{ticket: "https://jira.example.com/browse/{{key}}"}}', CATALOGUE)
    line = "Links of each ticket: none → https://jira.example.com/browse/{key}"
    assert report.diff(POLICY, linked, GRAMMAR) == [line]


def test_an_added_or_removed_channel_is_a_difference() -> None:
    without = load(EXAMPLE[: EXAMPLE.index("  C0ORDERS:")] + EXAMPLE[EXAMPLE.index("incidents:") :], CATALOGUE)
    assert any(line.startswith("C0ORDERS: any member: list, ") for line in report.diff(POLICY, without, GRAMMAR))
    assert any("denied → allowed" in line for line in report.diff(without, POLICY, GRAMMAR))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_rules_can_name_every_command_and_read_means_those_that_read(command: Any) -> None:
    """In a rule, `read` must mean exactly the commands whose risk is read, without those that are open to all."""
    assert command.name in CATALOGUE.names
    assert (command.name in CATALOGUE.read) == (command.risk is Risk.READ and not command.open_to_all)
    assert not (command.changes and command.name in CATALOGUE.read)


@pytest.mark.parametrize(
    ("line", "verdict"),
    [("token a --read-only", Verdict.DENY), ("token a -r -e 30m", Verdict.ALLOW), ("token --read-only", Verdict.DENY)],
)
def test_arguments_that_were_not_typed_have_their_defaults(line: str, verdict: Verdict) -> None:
    short = policy(['allow: "token --read-only", max_lifetime: 30m'])
    found = decide(short, subject(), action_of_line(GRAMMAR, line))
    assert found.verdict is verdict


def test_a_page_number_is_not_taken_for_a_database() -> None:
    assert action_of_line(GRAMMAR, "tokens --page 2 orders") == Action("tokens", databases=(Target("orders"),))

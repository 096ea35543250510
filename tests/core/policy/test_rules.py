"""How a rule is interpreted: its commands, databases, people and lifetimes, and its effects."""

from datetime import timedelta
from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.model import NEVER, Confirm, Target, Verdict, Visibility
from bot.core.policy import decide, load
from tests.core.policy.world import GROUPS, act, policy, subject

HOUR = timedelta(hours=1)


def verdict(rules: Any, action: Any, who: str = "a developer", **more: Any) -> Verdict:
    return decide(policy(rules, **more), subject(who), action).verdict


@pytest.mark.parametrize(
    "command",
    ["list", "show", "usage", "triage", "tokens", "requests", "audit", "policy explain", "doctor"],
)
def test_read_means_every_command_that_only_reads(command: str) -> None:
    assert verdict(["allow: read"], act(command)) is Verdict.ALLOW
    assert verdict([f"allow: {command}"], act(command)) is Verdict.ALLOW


@pytest.mark.parametrize("command", sorted(set(CATALOGUE.names) - CATALOGUE.open_to_all))
def test_every_command_can_be_named_by_a_rule_and_is_denied_without_one(command: Any) -> None:
    assert verdict([f"allow: {command}"], act(command)) is Verdict.ALLOW
    assert verdict(["allow: restore" if command != "restore" else "allow: read"], act(command)) is Verdict.DENY


@pytest.mark.parametrize(
    ("written", "command"),
    [
        ("db tokens create", "token"),
        ("db token", "token"),
        ("db tokens invalidate", "rotate"),
        ("db destroy", "destroy"),
        ("rm", "destroy"),
        ("db inspect", "usage"),
        ("ls", "list"),
        ("incident", "incident start"),
        ("incident", "incident"),
        ("incident end", "incident end"),
        ("digest", "digest now"),
    ],
)
def test_a_rule_names_commands_as_people_type_them(written: str, command: str) -> None:
    assert verdict([f"allow: ['{written}']"], act(command)) is Verdict.ALLOW


def test_a_rule_for_a_subcommand_does_not_allow_another_one() -> None:
    assert verdict(["allow: ['incident status']"], act("incident start")) is Verdict.DENY


@pytest.mark.parametrize(
    ("written", "options", "fits"),
    [
        ("token", (), True),
        ("token", ("--read-only",), True),
        ("token --read-only", ("--read-only",), True),
        ("token --read-only", (), False),
        ("destroy", ("--now",), True),
        ("db destroy --now", ("--now",), True),
        ("db destroy --now", (), False),
    ],
)
def test_a_rule_with_an_option_matches_only_that_option(written: str, options: Any, fits: bool) -> None:
    command = "token" if "token" in written else "destroy"
    expected = Verdict.ALLOW if fits else Verdict.DENY
    assert verdict([f"allow: ['{written}']"], act(command, "orders", options=options)) is expected


@pytest.mark.parametrize(
    ("patterns", "database", "fits"),
    [
        ('["*"]', Target("orders"), True),
        ('["orders-*"]', Target("orders-eu"), True),
        ('["orders-*"]', Target("orders"), False),
        ('["orders-*"]', Target("my-orders-eu"), False),
        ('["orders"]', Target("orders-eu"), False),
        ('["orders-?"]', Target("orders-1"), True),
        ('["a-*", "b-*"]', Target("b-1"), True),
        ('"orders-[12]"', Target("orders-2"), True),
        ('["group:eu"]', Target("orders", "eu"), True),
        ('["group:eu"]', Target("orders", "us"), False),
        ('["group:eu"]', Target("orders", ""), False),
        ('["group:eu"]', Target("orders", None), False),
        ('["group:eu", "orders"]', Target("orders", None), True),
        ("[]", Target("orders"), False),
    ],
)
def test_a_channel_has_the_databases_that_its_patterns_match(patterns: str, database: Target, fits: bool) -> None:
    expected = Verdict.ALLOW if fits else Verdict.DENY
    assert verdict(["allow: read"], act("show", database), databases=patterns) is expected


def test_a_rule_may_match_fewer_databases_than_the_channel() -> None:
    rules = ['allow: freeze, databases: ["test-*"]', "approve: freeze, by: 'user:U0ANA'"]
    assert verdict(rules, act("freeze", "test-1")) is Verdict.ALLOW
    assert verdict(rules, act("freeze", "orders")) is Verdict.APPROVE


def test_a_denial_for_a_group_applies_where_the_group_is_unknown() -> None:
    rules = ["deny: destroy, databases: ['group:prod']", "allow: destroy"]
    assert verdict(rules, act("destroy", Target("orders", None))) is Verdict.DENY
    assert verdict(rules, act("destroy", Target("orders", "test"))) is Verdict.ALLOW


def test_the_first_rule_that_matches_decides() -> None:
    assert verdict(["deny: token", "allow: token"], act("token", "orders")) is Verdict.DENY
    assert verdict(["allow: token", "deny: token"], act("token", "orders")) is Verdict.ALLOW


def test_a_rule_for_other_people_is_skipped() -> None:
    rules = ["allow: token, to: 'user:U0ANA'", "approve: token, by: 'user:U0ANA'"]
    assert verdict(rules, act("token", "orders")) is Verdict.APPROVE
    assert verdict(rules, act("token", "orders"), "Ana, DBA and responder") is Verdict.ALLOW


@pytest.mark.parametrize(
    "to", ["dba", "usergroup:S0DBA", "S0DBA", "[ana, dba]", "user:U0CARL", "U0CARL", "[U0EVE, carl]"]
)
def test_people_are_named_by_the_names_in_the_policy_or_by_id(to: str) -> None:
    people = "people: {dba: {usergroup: S0DBA}, ana: {user: U0ANA}, carl: {users: [U0CARL]}}"
    rules = [f"allow: token, to: {to if to.startswith('[') else repr(to)}"]
    assert verdict(rules, act("token", "orders"), "Carl, DBA", more=people) is Verdict.ALLOW
    assert verdict(rules, act("token", "orders"), "a developer", more=people) is Verdict.DENY


def test_a_name_in_capitals_is_not_mistaken_for_an_id() -> None:
    people = "people: {SRE: {user: U0DEV}}"
    assert verdict(["allow: token, to: SRE"], act("token", "orders"), more=people) is Verdict.ALLOW


@pytest.mark.parametrize(
    ("lifetime", "fits"), [(None, True), (HOUR, True), (8 * HOUR, True), (9 * HOUR, False), (NEVER, False)]
)
def test_a_token_may_not_be_valid_for_longer_than_its_rule_says(lifetime: Any, fits: bool) -> None:
    expected = Verdict.ALLOW if fits else Verdict.DENY
    assert verdict(["allow: token, max_lifetime: 8h"], act("token", "orders", lifetime=lifetime)) is expected


def test_without_a_limit_a_token_may_be_valid_for_a_day() -> None:
    assert verdict(["allow: token"], act("token", "orders", lifetime=24 * HOUR)) is Verdict.ALLOW
    assert verdict(["allow: token"], act("token", "orders", lifetime=25 * HOUR)) is Verdict.DENY


def test_a_longer_token_is_decided_by_the_next_rule() -> None:
    rules = ["allow: token, max_lifetime: 1h", "approve: token, by: 'user:U0ANA', max_lifetime: 7d"]
    assert verdict(rules, act("token", "orders", lifetime=HOUR)) is Verdict.ALLOW
    assert verdict(rules, act("token", "orders", lifetime=48 * HOUR)) is Verdict.APPROVE


def test_a_denial_applies_to_tokens_of_any_lifetime() -> None:
    rules = ["deny: token", "allow: token, max_lifetime: 60d, allow_never: true"]
    for lifetime in (HOUR, 1000 * HOUR, NEVER):
        assert verdict(rules, act("token", "orders", lifetime=lifetime)) is Verdict.DENY


def test_a_denial_is_named_even_for_a_lifetime_above_the_ceiling() -> None:
    rules, ceiling = ["deny: token", "allow: token, max_lifetime: 60d"], "ceiling: {token_lifetime: 4h}"
    decision = decide(policy(rules, more=ceiling), subject(), act("token", "orders", lifetime=NEVER))
    assert decision.rule == "channels.C0DBOPS.rules[0]: deny token"


def test_the_refusal_of_a_too_long_lifetime_names_the_longest_allowed() -> None:
    rules = ["allow: token, max_lifetime: 1h", "approve: token, by: 'user:U0ANA', max_lifetime: 7d"]
    decision = decide(policy(rules), subject(), act("token", "orders", lifetime=NEVER))
    assert "The longest allowed here is `--expiration 7d`" in decision.reason


def test_a_token_that_never_expires_must_be_allowed_explicitly() -> None:
    rules = ["allow: token, allow_never: true"]
    assert verdict(rules, act("token", "orders", lifetime=NEVER)) is Verdict.ALLOW
    ceiling = "ceiling: {token_lifetime: 4h}"
    assert verdict(rules, act("token", "orders", lifetime=NEVER), more=ceiling) is Verdict.DENY


def test_no_rule_overrides_the_ceiling() -> None:
    rules, ceiling = ["allow: token, max_lifetime: 8h"], "ceiling: {token_lifetime: 4h}"
    decision = decide(policy(rules, more=ceiling), subject(), act("token", "orders", lifetime=5 * HOUR))
    assert "The longest allowed here is `--expiration 4h`" in decision.reason
    assert decide(policy(rules, more=ceiling), subject(), act("token", "orders")).max_lifetime == 4 * HOUR


def test_a_denial_in_the_ceiling_with_an_option_matches_only_that_option() -> None:
    ban = "ceiling: {deny: [{commands: ['db destroy --now'], databases: ['prod-*']}]}"
    assert verdict(["allow: destroy"], act("destroy", "prod-a", options=["--now"]), more=ban) is Verdict.DENY
    assert verdict(["allow: destroy"], act("destroy", "prod-a"), more=ban) is Verdict.ALLOW
    assert verdict(["allow: destroy"], act("destroy", "test-a", options=["--now"]), more=ban) is Verdict.ALLOW


def test_a_denial_in_the_ceiling_without_databases_applies_to_all() -> None:
    assert verdict(["allow: rotate"], act("rotate", "a"), more="ceiling: {deny: [{commands: rotate}]}") is Verdict.DENY


@pytest.mark.parametrize(
    ("rule", "action", "confirm"),
    [
        ("allow: read", act("show", "orders"), Confirm.NONE),
        ("allow: create", act("create", "orders"), Confirm.NONE),
        ("allow: freeze", act("freeze", "orders"), Confirm.BUTTON),
        ("allow: destroy", act("destroy", "orders"), Confirm.TYPE_NAME),
        ("allow: rotate", act("rotate", "orders"), Confirm.TYPE_NAME),
        ("allow: token", act("token", "orders"), Confirm.NONE),
        ("approve: token, by: 'user:U0ANA'", act("token", "orders"), Confirm.BUTTON),
        ("approve: token, by: 'user:U0ANA'", act("token", "orders", options=["--read-only"]), Confirm.NONE),
        ("approve: rotate, by: 'user:U0ANA'", act("rotate", "orders"), Confirm.TYPE_NAME),
        ("break_glass: destroy, review_by: 'user:U0ANA'", act("destroy", "orders"), Confirm.NONE),
        ("break_glass: token, review_by: 'user:U0ANA'", act("token", "orders"), Confirm.NONE),
        ("allow: destroy, confirm: none", act("destroy", "orders"), Confirm.NONE),
        ("allow: token, confirm: button", act("token", "orders"), Confirm.BUTTON),
        ("allow: create, confirm: type-name", act("create", "orders"), Confirm.TYPE_NAME),
    ],
)
def test_confirmation_depends_on_the_risk_or_on_the_rule(rule: str, action: Any, confirm: Confirm) -> None:
    assert decide(policy([rule]), subject(), action).confirm is confirm


def test_a_rule_without_optional_keys_has_these_defaults() -> None:
    decision = decide(policy(["approve: destroy, by: 'user:U0ANA'"]), subject(), act("destroy", "orders"))
    assert (decision.quorum, decision.expires, decision.countdown) == (1, HOUR, 24 * HOUR)
    assert (decision.max_lifetime, decision.allow_never) == (24 * HOUR, False)
    assert (decision.visibility, decision.notify) == (Visibility.CHANNEL, ())
    assert decision.undo_by.ids == {"U0ANA", "U0DEV"}


def test_the_keys_of_a_rule_become_its_effects() -> None:
    rule = (
        "approve: destroy, by: 'usergroup:S0DBA', quorum: 2, expires: 30s, countdown: 2h, undo_by: 'user:U0BEN', "
        "visibility: ephemeral, notify: ['user:U0BEN', 'usergroup:S0DBA'], confirm: button"
    )
    decision = decide(policy([rule]), subject(), act("destroy", "orders"))
    assert (decision.quorum, decision.expires, decision.countdown) == (2, timedelta(seconds=30), 2 * HOUR)
    assert decision.undo_by.ids == {"U0BEN"}
    assert decision.visibility is Visibility.EPHEMERAL
    assert decision.notify == ("<@U0BEN>", "<!subteam^S0DBA>")


def test_a_channel_may_change_visibility_and_a_rule_change_it_back() -> None:
    rules = ["allow: show, visibility: channel", "allow: read"]
    quiet = policy(rules, channel_more="    visibility: ephemeral\n")
    assert decide(quiet, subject(), act("list")).visibility is Visibility.EPHEMERAL
    assert decide(quiet, subject(), act("show", "orders")).visibility is Visibility.CHANNEL


def test_break_glass_needs_a_review_by_another_person() -> None:
    rule = "break_glass: destroy, review_by: 'usergroup:S0DBA', review_within: 2h, blocks_while_owed: true"
    decision = decide(policy([rule]), subject("Ana, DBA and responder"), act("destroy", "orders"))
    assert decision.verdict is Verdict.BREAK_GLASS
    assert decision.allowed
    assert decision.reviewers.ids == {"U0CARL", "U0DORA"}
    assert (decision.review_within, decision.blocks_while_owed) == (2 * HOUR, True)


def test_break_glass_is_denied_to_a_person_who_would_be_the_only_reviewer() -> None:
    rule = "break_glass: destroy, review_by: 'user:U0ANA'"
    decision = decide(policy([rule]), subject("Ana, DBA and responder"), act("destroy", "orders"))
    assert decision.verdict is Verdict.DENY
    assert "needs a review by" in decision.reason


def test_a_permanent_profile_comes_before_the_channels_rules() -> None:
    more = "profiles: {calm: {rules: [{deny: destroy}, {allow: list}]}}"
    held = policy(["allow: destroy", "allow: freeze"], more=more, channel_more="    profile: calm\n")
    assert decide(held, subject(), act("destroy", "orders")).rule == "profiles.calm.rules[0]: deny destroy"
    assert decide(held, subject(), act("freeze", "orders")).verdict is Verdict.ALLOW


def test_an_incident_profile_comes_first_and_ends_with_the_incident() -> None:
    more = "profiles: {incident: {rules: [{allow: freeze, to: 'user:U0BEN'}]}}"
    rules = policy(["deny: freeze"], more=more)
    assert decide(rules, subject("Ben, responder", incident="incident"), act("freeze", "a")).verdict is Verdict.ALLOW
    assert decide(rules, subject("Ben, responder"), act("freeze", "a")).verdict is Verdict.DENY


def test_an_incident_whose_profile_was_removed_from_the_policy_gives_no_permissions() -> None:
    rules = policy(["allow: list"])
    assert decide(rules, subject(incident="gone"), act("freeze", "a")).verdict is Verdict.DENY
    assert decide(rules, subject(where="#general", incident="gone"), act("list")).verdict is Verdict.DENY


def test_an_empty_policy_denies_every_command_that_is_not_open_to_all() -> None:
    for text in ("version: 1\nchannels: {}", "version: 1\npeople: {}\nchannels: {}  # nothing\n"):
        empty = load(text, CATALOGUE)
        for command in set(CATALOGUE.names) - CATALOGUE.open_to_all:
            assert decide(empty, subject(), act(command)).verdict is Verdict.DENY
        for command in CATALOGUE.open_to_all:
            assert decide(empty, subject(), act(command)).verdict is Verdict.ALLOW


def test_membership_that_changes_changes_the_decision() -> None:
    rules = policy(["allow: freeze, to: 'usergroup:S0DBA'"])
    assert decide(rules, subject("Carl, DBA"), act("freeze", "a")).verdict is Verdict.ALLOW
    without = GROUPS | {"S0DBA": frozenset({"U0ANA"})}
    assert decide(rules, subject("Carl, DBA", groups=without), act("freeze", "a")).verdict is Verdict.DENY

"""An action on several databases is decided for each, and the strictest decision applies to all.

It is denied if too few people may approve for all of them.
"""

from datetime import timedelta

from bot.core.model import Confirm, Verdict, Visibility
from bot.core.policy import decide
from tests.core.policy.world import act, policy, subject

A = "databases: ['a-*']"


def test_one_database_that_is_denied_denies_all() -> None:
    rules = policy([f"allow: rotate, {A}"])
    decision = decide(rules, subject(), act("rotate", "a-1", "a-2", "b-1"))
    assert decision.verdict is Verdict.DENY
    assert "b-1" in decision.reason


def test_one_database_outside_of_the_channel_denies_all() -> None:
    rules = policy(["allow: rotate"], databases='["a-*"]')
    assert decide(rules, subject(), act("rotate", "a-1", "b-1")).verdict is Verdict.DENY


def test_one_database_that_needs_approval_makes_all_need_it() -> None:
    rules = policy([f"allow: rotate, {A}", "approve: rotate, by: 'user:U0ANA'"])
    decision = decide(rules, subject(), act("rotate", "a-1", "b-1"))
    assert (decision.verdict, decision.approvers.ids) == (Verdict.APPROVE, frozenset({"U0ANA"}))


def test_approval_is_stricter_than_break_glass() -> None:
    rules = policy([f"break_glass: rotate, review_by: 'user:U0BEN', {A}", "approve: rotate, by: 'user:U0ANA'"])
    assert decide(rules, subject(), act("rotate", "a-1", "b-1")).verdict is Verdict.APPROVE


def test_only_people_who_may_approve_for_every_database_count_and_the_largest_quorum_applies() -> None:
    rules = policy(
        [
            f"approve: rotate, by: ['user:U0ANA', 'user:U0BEN', 'user:U0CARL'], quorum: 2, expires: 2h, {A}",
            "approve: rotate, by: ['user:U0BEN', 'user:U0CARL', 'user:U0EVE'], expires: 10m, confirm: none",
        ]
    )
    decision = decide(rules, subject(), act("rotate", "a-1", "b-1"))
    assert (decision.approvers.ids, decision.quorum) == (frozenset({"U0BEN", "U0CARL"}), 2)
    assert decision.expires == timedelta(minutes=10)
    assert decision.confirm is Confirm.TYPE_NAME


def test_an_action_is_denied_if_too_few_people_may_approve_for_every_database() -> None:
    rules = policy(
        [
            f"approve: rotate, by: ['user:U0ANA', 'user:U0BEN'], {A}",
            "approve: rotate, by: ['user:U0CARL', 'user:U0EVE']",
        ]
    )
    decision = decide(rules, subject(), act("rotate", "a-1", "b-1"))
    assert decision.verdict is Verdict.DENY
    assert "Request each one separately" in decision.reason


def test_a_command_that_is_private_for_one_database_is_private_for_all() -> None:
    rules = policy([f"allow: rotate, visibility: ephemeral, {A}", "allow: rotate"])
    assert decide(rules, subject(), act("rotate", "b-1", "a-1")).visibility is Visibility.EPHEMERAL


def test_a_database_that_is_named_twice_counts_once() -> None:
    rules = policy(["approve: rotate, by: 'user:U0ANA'"])
    one, two = (decide(rules, subject(), act("rotate", *names)) for names in (["a"], ["a", "a"]))
    assert one == two

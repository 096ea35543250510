"""A branch holds its source's data: what isn't allowed for the source isn't allowed for the branch."""

import pytest

from bot.core.model import Target, Verdict
from bot.core.policy import decide, depends_on_names
from tests.core.policy.world import act, policy, subject

BRANCH = Target("orders-test", "eu", ("prod-orders",))


@pytest.mark.parametrize(
    ("databases", "rules", "more", "verdict"),
    [
        pytest.param('["*"]', ["allow: read"], "", Verdict.ALLOW, id="everything"),
        pytest.param('["orders-*"]', ["allow: read"], "", Verdict.DENY, id="the channel doesn't have the source"),
        pytest.param('["prod-*"]', ["allow: read"], "", Verdict.DENY, id="the channel doesn't have the branch"),
        pytest.param('["orders-*", "prod-*"]', ["allow: read"], "", Verdict.ALLOW, id="it has both"),
        pytest.param('["group:eu"]', ["allow: read"], "", Verdict.ALLOW, id="the group has both"),
        pytest.param('["group:us"]', ["allow: read"], "", Verdict.DENY, id="another group"),
        pytest.param('["*"]', ['allow: read, databases: ["orders-*"]'], "", Verdict.DENY, id="a rule for the branch"),
        pytest.param('["*"]', ['deny: read, databases: ["prod-*"]', "allow: read"], "", Verdict.DENY,
                     id="a denial of the source"),
        pytest.param('["*"]', ["allow: read"], 'ceiling: {deny: [{commands: [show], databases: ["prod-*"]}]}',
                     Verdict.DENY, id="the ceiling denies the source"),
    ],
)  # fmt: skip
def test_a_branch_is_decided_on_with_its_source(databases: str, rules: list[str], more: str, verdict: Verdict) -> None:
    rules_now = policy(rules, databases=databases, more=more)
    assert decide(rules_now, subject(), act("show", BRANCH)).verdict is verdict
    assert rules_now.scope(subject(), "show").covers(BRANCH) is (verdict is Verdict.ALLOW)


def test_a_branch_of_a_branch_needs_every_source() -> None:
    rules = policy(["allow: read"], databases='["orders-*", "stage-*"]')
    far = Target("orders-test", "eu", ("stage-orders", "prod-orders"))
    assert decide(rules, subject(), act("show", Target("orders-test", "eu", ("stage-orders",)))).allowed
    assert not decide(rules, subject(), act("show", far)).allowed


def test_the_refusal_names_the_source_that_is_not_in_this_channel() -> None:
    rules = policy(["allow: branch"], databases='["orders-*"]')
    refused = decide(rules, subject(), act("branch", Target("orders-test", None, ("prod-orders",))))
    assert refused.reason == "`prod-orders` isn't one of this channel's databases (orders-*)."


@pytest.mark.parametrize(
    ("databases", "rules", "depends"),
    [
        ('["*"]', ["allow: read"], False),
        ('["orders-*"]', ["allow: read"], True),
        ('["*"]', ['allow: read, databases: ["orders-*"]', "allow: token"], True),
        ('["*"]', ['allow: token, databases: ["orders-*"]', "allow: read"], False),
    ],
)
def test_a_source_is_looked_up_only_if_a_decision_can_depend_on_it(
    databases: str, rules: list[str], depends: bool
) -> None:
    assert depends_on_names(policy(rules, databases=databases), subject(), "show") is depends

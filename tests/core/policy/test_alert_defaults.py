"""The alerts that the policy file turns on: which channels get them, what is refused, and how two files differ."""

from typing import Any

import pytest

from bot.commands import CATALOGUE, COMMANDS
from bot.core.alerts import AlertSubscription
from bot.core.parsing.grammar import Grammar
from bot.core.policy import PolicyInvalid, load, report
from bot.core.policy.diff import diff

CHANNELS = """\
version: 1
organization: acme
organizations: {acme: {%s}, other: {}}
people: {dba: {users: [U0BEN, U0ANA], usergroup: S0DBA}}
channels:
  C0OPS: {databases: ['*'], rules: [{allow: read}]}
  C0ORDERS: {databases: ['orders-*'], rules: [{allow: read}]}
  C0OTHER: {organization: other, databases: ['*'], rules: [{allow: read}]}
"""


def file(alerts: str = "", organization: str = "") -> str:
    """Return a policy file with `alerts` for all organizations, and with `organization` as the alerts of `acme`."""
    text = CHANNELS % (f"alerts: {organization}" if organization else "")
    return text + (f"alerts: {alerts}\n" if alerts else "")


def subscriptions(*files: str) -> tuple[AlertSubscription, ...]:
    return load(file(*files), CATALOGUE).alerts


def test_a_channel_gets_the_alerts_of_the_file_for_its_own_organization() -> None:
    found = subscriptions("{channel: [C0OPS, C0OTHER], quota: [95, 50, 80], spike: 5x, forecast: true, to: dba}")

    to = ("U0ANA", "U0BEN", "S0DBA")
    assert found == (
        AlertSubscription("C0OPS", "acme", (50, 80, 95), 5.0, True, to),
        AlertSubscription("C0OTHER", "other", (50, 80, 95), 5.0, True, to),
    )
    assert all(one.is_from_policy for one in found)


def test_an_organizations_alerts_replace_those_of_the_file() -> None:
    found = subscriptions("{channel: [C0OPS, C0ORDERS, C0OTHER], spike: 3}", "{channel: C0ORDERS, quota: 90}")

    assert found == (AlertSubscription("C0ORDERS", "acme", (90,)), AlertSubscription("C0OTHER", "other", spike=3.0))


def test_a_file_without_alerts_turns_none_on() -> None:
    assert subscriptions() == ()


@pytest.mark.parametrize(
    ("alerts", "organization", "key", "words"),
    [
        pytest.param("{quota: 80}", "", "alerts.channel", "is required", id="no channel"),
        pytest.param("{channel: []}", "", "alerts.channel", "is empty", id="an empty list"),
        pytest.param("{channel: db-ops}", "", "alerts.channel", "isn't a channel's ID", id="a channel's name"),
        pytest.param("{channel: C0GONE}", "", "alerts.channel", "isn't in `channels`", id="a channel without rules"),
        pytest.param("{channel: [C0OPS, C0GONE]}", "", "alerts.channel[1]", "isn't in `channels`", id="the second"),
        pytest.param("{channel: C0OPS, quota: 0}", "", "alerts.quota", "from 1 to 100", id="0 %"),
        pytest.param("{channel: C0OPS, quota: [101]}", "", "alerts.quota", "from 1 to 100", id="101 %"),
        pytest.param("{channel: C0OPS, quota: true}", "", "alerts.quota", "from 1 to 100", id="no percentage"),
        pytest.param("{channel: C0OPS, quota: [1,2,3,4,5,6,7]}", "", "alerts.quota", "at most six", id="too many"),
        pytest.param("{channel: C0OPS, spike: 1x}", "", "alerts.spike", "from 2x to 1000x", id="a factor below 2"),
        pytest.param("{channel: C0OPS, spike: much}", "", "alerts.spike", "such as `5x`", id="no factor"),
        pytest.param("{channel: C0OPS, to: dbas}", "", "alerts.to", "Did you mean `dba`", id="unknown people"),
        pytest.param("{channel: C0OPS, quotas: 80}", "", "alerts.quotas", "Did you mean `quota`", id="an unknown key"),
        pytest.param(
            "", "{channel: C0OTHER}", "organizations.acme.alerts.channel", "of `other`", id="another's channel"
        ),
    ],
)
def test_alerts_that_cannot_work_are_errors(alerts: str, organization: str, key: str, words: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        load(file(alerts, organization), CATALOGUE)

    assert any(one.key.startswith(key) and words in one.sentence for one in caught.value.problems), (
        caught.value.problems
    )


def test_check_names_the_channels_with_alerts() -> None:
    lines, well = report.check(file("{channel: [C0ORDERS, C0OPS]}"), "policy.yaml", CATALOGUE)

    assert well
    assert "alerts in C0OPS, C0ORDERS" in lines[-1]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        pytest.param("", "{channel: C0OPS, quota: [80], spike: 2.5x, to: dba}",
                     "C0OPS: alerts: none → acme: quota 80%; spike 2.5x; to U0ANA, U0BEN, S0DBA", id="on"),
        pytest.param("{channel: C0OPS, forecast: true}", "", "C0OPS: alerts: acme: forecast → none", id="off"),
        pytest.param("{channel: C0OPS}", "{channel: C0OPS, quota: [50, 80]}",
                     "C0OPS: alerts: acme: tokens, freezes and failures only → acme: quota 50%, 80%", id="changed"),
    ],
)  # fmt: skip
def test_diff_names_the_channels_whose_alerts_change(before: str, after: str, line: str) -> None:
    old, new = (load(file(one), CATALOGUE) for one in (before, after))
    grammar: Grammar[Any] = Grammar(COMMANDS)

    assert diff(old, new, grammar) == [line]
    assert diff(new, new, grammar) == []

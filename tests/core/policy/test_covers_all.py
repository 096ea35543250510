"""`covers_all` is true only for scopes that cover every database, and it is true for the usual scope."""

import pytest

from bot.commands import CATALOGUE
from bot.core.model import Channel, Person, Subject, Target
from bot.core.policy import load

POLICY = """\
version: 1
organizations: {{acme: {{token: env:TURSO_API_TOKEN}}}}
workspace: T0ACME
ceiling: {ceiling}
channels:
  C0OPS: {{organization: acme, databases: {databases}, rules: {rules}}}
"""
TARGETS = [Target("orders", "default"), Target("prod-orders", "eu"), Target("x", ""), Target("y", None)]


COMMANDS = (None, "list", "usage", "destroy")
CEILINGS = ("{}", '{deny: [{commands: [list], databases: ["prod-*"]}]}')


@pytest.mark.parametrize("databases", ['["*"]', '["orders*"]', '["group:eu"]', '["orders*", "group:eu"]'])
@pytest.mark.parametrize(
    "rules",
    [
        "[{allow: read}]",
        '[{deny: list, databases: ["prod-*"]}, {allow: read}]',
        '[{allow: read, databases: ["prod-*"]}]',
        "[{deny: list}, {allow: read}]",
        "[{deny: read}]",
        "[]",
    ],
)
def test_covers_all_is_true_only_for_a_scope_that_covers_each_database(databases: str, rules: str) -> None:
    for ceiling in CEILINGS:
        policy = load(POLICY.format(ceiling=ceiling, databases=databases, rules=rules), CATALOGUE)
        for command in COMMANDS:
            scope = policy.scope(Subject(Person("U0ANA", "T0ACME"), Channel("C0OPS")), command)
            if scope.covers_all:
                assert all(scope.covers(target) for target in TARGETS), (ceiling, command)
            elif databases == '["*"]' and ceiling == "{}" and rules == "[{allow: read}]" and command != "destroy":
                pytest.fail(f"the usual scope has to cover all: {command}")

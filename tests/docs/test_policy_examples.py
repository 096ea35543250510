"""Two examples on the policy page make the decisions that their titles describe."""

import re

import pytest

from bot.commands import CATALOGUE, COMMANDS
from bot.core.parsing.grammar import Grammar
from bot.core.policy import load, report
from tests.docs.pages import DOCS

TEXT = (DOCS / "policy.md").read_text(encoding="utf-8")
PRODUCTION = """\
usergroups: {S0DBA: [U0ANA, U0CARL, U0DORA]}
cases:
  - {subject: U0ANA, channel: C0DBOPS, command: rotate prod-a, verdict: approve, quorum: 2, approvers: [U0CARL, U0DORA]}
  - {subject: U0ANA, channel: C0DBOPS, command: rotate a, group: production, verdict: approve, quorum: 2}
  - {subject: U0ANA, channel: C0DBOPS, command: rotate a, group: other, verdict: approve, quorum: 1}
  - {subject: U0ANA, channel: C0DBOPS, command: destroy prod-a, verdict: deny}
  - {subject: U0ANA, channel: C0DBOPS, command: destroy a, group: production, verdict: deny}
  - {subject: U0ANA, channel: C0DBOPS, command: destroy a, group: other, verdict: approve}
"""
GUEST = """\
guests: [U0GUEST]
cases:
  - {subject: U0GUEST, channel: C0ORDERS, command: show orders-a, verdict: allow}
  - {subject: U0GUEST, channel: C0ORDERS, command: usage orders-a, verdict: allow}
  - {subject: U0GUEST, channel: C0ORDERS, command: db list, verdict: deny}
"""


def example(title: str) -> str:
    """Return the policy under the heading that begins with `title`."""
    found = re.search(rf"^### {title}.*?^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"no example `{title}`"
    return found[1]


@pytest.mark.parametrize(("title", "cases"), [("Production: two others approve", PRODUCTION), ("A guest who", GUEST)])
def test_an_example_decides_as_its_title_says(title: str, cases: str) -> None:
    policy = load(example(title), CATALOGUE, default_organization="acme")

    lines, holds = report.run_cases(policy, cases, Grammar(COMMANDS))
    assert holds, lines

"""The table of verdicts of the example policy, by person, channel and command."""

import pytest

from bot.commands import CATALOGUE
from bot.core.model import Verdict
from bot.core.policy import decide, load
from tests.core.policy.world import CHANNELS, EXAMPLE, PEOPLE, act, subject

POLICY = load(EXAMPLE, CATALOGUE)
COMMANDS = {
    "help": act("help"),
    "db list": act("list"),
    "db show orders-eu": act("show", "orders-eu"),
    "db show billing": act("show", "billing"),
    "token orders-eu": act("token", "orders-eu"),
    "token orders-eu --read-only": act("token", "orders-eu", options=["--read-only"]),
    "rotate orders-eu": act("rotate", "orders-eu"),
    "destroy orders-eu": act("destroy", "orders-eu"),
    "destroy prod-x --now": act("destroy", "prod-x", options=["--now"]),
    "freeze orders-eu": act("freeze", "orders-eu"),
    "incident start": act("incident start"),
    "digest on": act("digest on"),
}
MEMBERS = ["a developer", "a passer-by", "Ana, DBA and responder", "Ben, responder", "Carl, DBA"]
REFUSED = [who for who in PEOPLE if who not in MEMBERS]
A, Q, D = Verdict.ALLOW, Verdict.APPROVE, Verdict.DENY

#                                developer, passer-by, Ana, Ben, Carl
TABLE = {
    "#db-ops": {
        "help": (A, A, A, A, A),
        "db list": (A, A, A, A, A),
        "db show orders-eu": (A, A, A, A, A),
        "db show billing": (A, A, A, A, A),
        "token orders-eu": (Q, Q, Q, Q, Q),
        "token orders-eu --read-only": (A, A, A, A, A),
        "rotate orders-eu": (Q, Q, Q, Q, Q),
        "destroy orders-eu": (Q, Q, Q, Q, Q),
        "destroy prod-x --now": (D, D, D, D, D),
        "freeze orders-eu": (Q, Q, Q, Q, Q),
        "incident start": (D, D, A, A, D),
        "digest on": (D, D, A, D, A),
    },
    "#team-orders": {
        "help": (A, A, A, A, A),
        "db list": (A, A, A, A, A),
        "db show orders-eu": (A, A, A, A, A),
        "db show billing": (D, D, D, D, D),
        "token orders-eu": (Q, D, D, D, D),
        "token orders-eu --read-only": (Q, D, D, D, D),
        "rotate orders-eu": (D, D, D, D, D),
        "destroy orders-eu": (D, D, D, D, D),
        "destroy prod-x --now": (D, D, D, D, D),
        "freeze orders-eu": (D, D, D, D, D),
        "incident start": (D, D, D, D, D),
        "digest on": (D, D, D, D, D),
    },
    "#general": {command: (A, A, A, A, A) if command == "help" else (D, D, D, D, D) for command in COMMANDS}
    | {"incident start": (D, D, A, A, D)},
    "a shared channel": dict.fromkeys(COMMANDS, (D, D, D, D, D)),
    "a DM": {command: (A, A, A, A, A) if command == "help" else (D, D, D, D, D) for command in COMMANDS},
    "a group DM": {command: (A, A, A, A, A) if command == "help" else (D, D, D, D, D) for command in COMMANDS},
}
ROWS = [
    pytest.param(where, command, verdicts, id=f"{command} in {where}")
    for where, commands in TABLE.items()
    for command, verdicts in commands.items()
]


@pytest.mark.parametrize(("where", "command", "verdicts"), ROWS)
def test_the_verdict_is_the_one_in_the_table(where: str, command: str, verdicts: tuple[Verdict, ...]) -> None:
    decisions = {who: decide(POLICY, subject(who, where), COMMANDS[command]) for who in MEMBERS}

    assert {who: found.verdict for who, found in decisions.items()} == dict(zip(MEMBERS, verdicts, strict=True))
    assert [who for who, found in decisions.items() if not found.reason.endswith(".")] == []
    assert [who for who, found in decisions.items() if PEOPLE[who].id in found.approvers.ids] == []


@pytest.mark.parametrize("where", CHANNELS)
@pytest.mark.parametrize("command", COMMANDS)
def test_the_built_in_limits_apply_everywhere(where: str, command: str) -> None:
    decisions = {who: decide(POLICY, subject(who, where), COMMANDS[command]) for who in REFUSED}

    found = {who: (decision.verdict, decision.rule) for who, decision in decisions.items()}
    assert found == dict.fromkeys(REFUSED, (Verdict.DENY, "floor"))


#                                developer, passer-by, Ana, Ben, Carl
INCIDENT = {
    "db list": (D, D, A, A, A),
    "token orders-eu --read-only": (Q, Q, A, A, Q),
    "token orders-eu": (Q, Q, Q, Q, Q),
    "freeze orders-eu": (D, D, A, A, A),
    "rotate orders-eu": (Q, Q, Q, Q, Q),
    "destroy orders-eu": (D, D, Verdict.BREAK_GLASS, D, Verdict.BREAK_GLASS),
    "destroy prod-x --now": (D, D, D, D, D),
    "incident start": (D, D, A, A, A),
}


@pytest.mark.parametrize("command", INCIDENT)
def test_an_incident_gives_its_profile_to_a_channel_outside_the_policy(command: str) -> None:
    people = {who: subject(who, "#general", incident="incident") for who in MEMBERS}

    found = {who: decide(POLICY, one, COMMANDS[command]).verdict for who, one in people.items()}

    assert found == dict(zip(MEMBERS, INCIDENT[command], strict=True))


def test_an_incident_in_a_channel_of_the_policy_adds_rules_and_keeps_its_databases() -> None:
    here = subject("Ben, responder", "#team-orders", incident="incident")

    assert decide(POLICY, here, act("freeze", "orders-eu")).verdict is Verdict.ALLOW
    assert decide(POLICY, here, act("freeze", "billing")).verdict is Verdict.DENY
    assert decide(POLICY, subject("a developer", "#team-orders"), act("freeze", "orders-eu")).verdict is Verdict.DENY


def test_the_decision_names_its_rule_and_its_effects() -> None:
    decision = decide(POLICY, subject(), act("rotate", "orders-eu"))

    assert decision.rule == "channels.C0DBOPS.rules[5]: approve rotate, destroy, overages by 2 of dba, ana"
    assert decision.approvers.ids == {"U0ANA", "U0CARL", "U0DORA"}
    assert decision.quorum == 2
    assert decision.undo_by.ids == {"U0ANA", "U0CARL", "U0DORA", "U0DEV"}


def test_people_in_notify_are_mentioned() -> None:
    assert decide(POLICY, subject(), act("token", "orders-eu")).notify == ("<!subteam^S0DBA>",)

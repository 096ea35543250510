"""The policy tools and the bot make the same decision, for random command lines and policies."""

import random
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import yaml

from bot.commands import CATALOGUE, COMMANDS
from bot.core.model import Verdict
from bot.core.parsing.grammar import Grammar
from bot.core.policy import load, report
from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.decisions import of_the_line, record_decisions
from tests.scenarios.generated import LINES
from tests.scenarios.outcomes import outcomes_of
from tests.world import ANA, BEN, DANA, DB_OPS, GIL, ORDERS, REMY, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
GRAMMAR = Grammar(COMMANDS)
GROUPS = {"S0DBA": [ANA, BEN], "S0RESPOND": [BEN, REMY], "S0ORDERS": [DANA]}
PEOPLE = (ANA, BEN, DANA, REMY, GIL)
NAMES = ("orders", "users", "analytics")
"""Databases of the sandbox, which are all in the group `default`."""
REACHING = {command.name for command in COMMANDS if command.reaches_others}
ASKABLE = [name for name in LINES if name not in {"policy explain", "restore", "doctor", *REACHING}]
"""The commands of random lines. Left out are, for example, `restore`, which is also Undo, and commands that are
decided on a whole group of databases, such as `rotate`.
"""
COMMAND_LISTS = (
    "read",
    "token",
    "token --read-only",
    "create",
    "freeze",
    "freeze --reads",
    "thaw",
    "protect",
    "destroy",
    "destroy --now",
    "incident",
    "digest on",
    "digest",
    "tokens",
    "tokens --mine",
    "show",
    "usage",
    "list",
)


def policy_text(dice: random.Random) -> str:
    """Return a random policy for #db-ops and #team-orders."""
    channels = {}
    for channel in (DB_OPS, ORDERS):
        databases = dice.choice((["*"], ["orders*"], ["group:default"], ["orders*", "group:other"]))
        channels[channel] = {"databases": databases, "rules": [_rule(dice) for _ in range(dice.randrange(1, 7))]}
    ceiling: dict[str, object] = {"token_lifetime": dice.choice(("24h", "1h", "30m"))} if dice.random() < 0.3 else {}
    if dice.random() < 0.3:
        ceiling["deny"] = [{"commands": [dice.choice(COMMAND_LISTS[1:])], "databases": [dice.choice(("users", "*"))]}]
    head = {"version": 1, "organizations": {"acme": {"token": "env:TURSO_API_TOKEN"}}, "workspace": "T0ACME"}
    people = {"dba": {"usergroup": "S0DBA"}, "dana": {"user": DANA}, "team": {"usergroup": "S0ORDERS"}}
    return yaml.safe_dump({**head, "people": people, "ceiling": ceiling, "channels": channels})


def _rule(dice: random.Random) -> dict[str, object]:
    verdict = dice.choice(("allow", "allow", "approve", "deny"))
    rule: dict[str, object] = {verdict: dice.sample(COMMAND_LISTS, dice.randrange(1, 4))}
    if verdict == "approve":
        rule |= {"by": dice.choice(("dba", "dana", ["dba", "dana"])), "quorum": 1}
    if verdict != "deny" and dice.random() < 0.4:
        rule["max_lifetime"] = dice.choice(("30m", "1h", "8h"))
    if verdict != "deny" and dice.random() < 0.2:
        rule["allow_never"] = True
    if dice.random() < 0.3:
        rule["to"] = dice.choice(("dba", "dana", "team", f"guest:{GIL}"))
    if dice.random() < 0.3:
        rule["databases"] = dice.choice((["orders"], ["users", "analytics"], ["group:default"], ["a*"]))
    return rule


def lines(dice: random.Random, count: int) -> Iterator[str]:
    """Yield random command lines. Lines that would change something are dry runs."""
    for _ in range(count):
        name = dice.choice(ASKABLE)
        line = dice.choice(LINES[name]).replace("{r}", '"moved away"').replace("{}", dice.choice(NAMES))
        if name == "token" and "--expiration" not in line:
            line += dice.choice(("", "", " --expiration 30m", " -e 8h", " --expiration never", " -r"))
        if name == "tokens" and dice.random() < 0.3:
            line += " --page 2"
        changes = GRAMMAR.parse(line).spec.changes
        yield line if not changes or "--dry-run" in line else f"{line} --dry-run"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the sandbox, whose policy the test replaces."""
    async with checked_sandbox(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.mark.parametrize("seed", range(12))
async def test_the_policy_tools_match_the_decisions_of_the_bot(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert world.bot is not None
    dice = random.Random(seed)
    decided = record_decisions(monkeypatch)
    text = policy_text(dice)
    policy = load(text, CATALOGUE, default_organization="acme")
    monkeypatch.setattr(world.bot.env.rules, "policy", policy)
    cases = []
    for line in lines(dice, 12):
        person, channel = dice.choice(PEOPLE), dice.choice((DB_OPS, ORDERS))
        decided.clear()
        outcomes = outcomes_of(world)
        await forging.forge_command(world, person, channel, line)
        await world.wait_until_idle()
        assert outcomes(), line
        own = [one for _, _, one in of_the_line(decided, person, channel)]
        verdict = own[-1].verdict if own else Verdict.ALLOW
        case: dict[str, object] = {"subject": person, "channel": channel, "command": line, "verdict": verdict.value}
        named = GRAMMAR.parse(line).args.__dict__.get("name")
        case |= {"group": "default"} if named else {}
        case |= {"approvers": sorted(own[-1].approvers.ids), "quorum": own[-1].quorum} if own else {}
        cases.append(case)

    failures, well = report.run_cases(
        policy, yaml.safe_dump({"usergroups": GROUPS, "guests": [GIL], "cases": cases}), GRAMMAR
    )
    assert well, "\n".join([text, *failures])

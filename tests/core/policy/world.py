"""The people, user groups and channels of the policy tests, and functions that build policies and actions."""

from pathlib import Path
from typing import Any

from bot.commands import CATALOGUE
from bot.core.model import Action, Channel, ChannelKind, Person, Subject, Target
from bot.core.policy import Policy, load

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / "policy.example.yaml").read_text(encoding="utf-8")
EXAMPLE_CASES = (ROOT / "policy.example.tests.yaml").read_text(encoding="utf-8")

GROUPS = {"S0DBA": frozenset({"U0ANA", "U0CARL", "U0DORA"}), "S0ORDERS": frozenset({"U0DEV"})}
PEOPLE = {
    "a developer": Person("U0DEV", "T0ACME"),
    "a passer-by": Person("U0EVE", "T0ACME"),
    "Ana, DBA and responder": Person("U0ANA", "T0ACME"),
    "Ben, responder": Person("U0BEN", "T0ACME"),
    "Carl, DBA": Person("U0CARL", "T0ACME"),
    "a guest": Person("U0GUEST", "T0ACME", is_guest=True),
    "a stranger": Person("U0OTHER", "T0ELSE", is_stranger=True),
    "a person of another team": Person("U0TEAM", "T0ELSE"),
    "a bot": Person("U0BOT", "T0ACME", is_bot=True),
    "a deactivated DBA": Person("U0DORA", "T0ACME", is_deactivated=True),
}
CHANNELS = {
    "#db-ops": Channel("C0DBOPS"),
    "#team-orders": Channel("C0ORDERS"),
    "#general": Channel("C0GENERAL"),
    "a shared channel": Channel("C0SHARED", is_ext_shared=True),
    "a DM": Channel("D0DM", ChannelKind.DM),
    "a group DM": Channel("G0DM", ChannelKind.GROUP_DM),
}


def subject(who: str = "a developer", where: str = "#db-ops", *, groups: Any = GROUPS, incident: Any = None) -> Subject:
    return Subject(PEOPLE[who], CHANNELS[where], groups, incident)


def policy(
    rules: Any, *, databases: Any = '["*"]', more: Any = "", channel_more: Any = "", default: Any = "acme"
) -> Policy:
    """Return a policy whose `#db-ops` has these rules. Each is YAML without its braces, such as `allow: token`."""
    lines = "".join(f"      - {{{rule}}}\n" for rule in rules)
    channel = f"  C0DBOPS:\n    databases: {databases}\n{channel_more}    rules:\n{lines or '      []'}"
    text = f"version: 1\n{more}\nchannels:\n{channel}"
    return load(text, CATALOGUE, default_organization=default)


def act(command: Any, *databases: Any, options: Any = (), lifetime: Any = None, group: Any = None) -> Action:
    targets = tuple(one if isinstance(one, Target) else Target(one, group) for one in databases)
    return Action(command, frozenset(options), targets, lifetime)

"""A rule that denies a destroy of a database also denies every other command that ends in its deletion."""

import ast
from pathlib import Path

import pytest

import bot
from bot.commands import CATALOGUE
from bot.core.model import Action, Target, Verdict
from bot.core.policy import decide, depends_on_names
from tests.core.policy.world import policy, subject

DELETING = [one for one in CATALOGUE.commands if one.removes_target]
COPY = Target("orders-copy", "eu", ("orders",))
CEILING = "ceiling: {deny: [{commands: %s, databases: %s}]}"


def deletes(name: str) -> Action:
    """Return the action of a command, with the flag that makes it delete at once if it has one."""
    flags = [way.flag for one in DELETING if one.name == name for way in one.variants if way.flag]
    return Action(name, frozenset(flags), (COPY,))


@pytest.mark.parametrize("name", [one.name for one in DELETING])
@pytest.mark.parametrize(
    ("rules", "more"),
    [
        pytest.param(["deny: ['destroy --now']", "allow: [destroy, rewind]"], "", id="a rule"),
        pytest.param(["deny: destroy", "allow: [destroy, rewind]"], "", id="a rule about every destroy"),
        pytest.param(
            ["deny: destroy, databases: ['orders']", "allow: [destroy, rewind]"], "", id="a rule about its source"
        ),
        pytest.param(
            ["deny: destroy, to: 'usergroup:S0X'", "allow: [destroy, rewind]"],
            "",
            id="a rule for people who aren't known",
        ),
        pytest.param(["allow: [destroy, rewind]"], CEILING % ("['destroy --now']", "['orders-*']"), id="the ceiling"),
        pytest.param(["allow: [destroy, rewind]"], CEILING % ("['destroy']", "['orders']"), id="its source's ceiling"),
    ],
)
def test_a_denial_of_destroy_denies_every_command_that_deletes(name: str, rules: list[str], more: str) -> None:
    refused = decide(policy(rules, more=more), subject(groups={"S0X": None}), deletes(name))
    assert refused.verdict is Verdict.DENY
    assert "destroy" in refused.reason or "user group" in refused.reason


@pytest.mark.parametrize(
    ("rules", "more"),
    [
        (["deny: rotate, databases: ['orders']", "allow: [rotate, rewind]"], ""),
        (["allow: [rotate, rewind]"], CEILING % ("[rotate]", "['orders*']")),
    ],
)
def test_a_denial_of_rotate_denies_the_switch_that_revokes_the_same_tokens(rules: list[str], more: str) -> None:
    switch = Action("rewind switch", databases=(COPY, Target("orders", "eu")))
    assert decide(policy(rules, more=more), subject(), switch).verdict is Verdict.DENY
    assert decide(policy(["allow: rewind"]), subject(), switch).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(["allow: rewind"], id="no rule about destroy"),
        pytest.param(["allow: [destroy, rewind]", "deny: destroy"], id="a denial that comes too late"),
        pytest.param(["deny: destroy, databases: ['users*']", "allow: rewind"], id="a denial of others"),
        pytest.param(["deny: destroy, to: 'user:U0BEN'", "allow: rewind"], id="a denial for others"),
    ],
)
def test_without_a_denial_of_destroy_the_rules_of_the_command_decide(rules: list[str]) -> None:
    assert decide(policy(rules), subject(), Action("rewind discard", databases=(COPY,))).verdict is Verdict.ALLOW


def test_group_and_sources_are_looked_up_if_a_denial_of_destroy_depends_on_them() -> None:
    rules = policy(["deny: destroy, databases: ['prod-*']", "allow: rewind"])
    assert depends_on_names(rules, subject(), "rewind discard")
    assert not depends_on_names(rules, subject(), "rewind keep")


def test_only_commands_that_declare_removes_target_delete_databases_and_all_use_one_function() -> None:
    """Every command that deletes a database must declare `removes_target`.

    All of them except `destroy` must also declare `ends_with`.
    """
    root = Path(bot.__file__).parent
    calls, users = [], set()
    for path in root.rglob("*.py"):
        if "sandbox" in path.parts or "turso" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls += [path.stem for node in ast.walk(tree) if getattr(node, "attr", "") == "destroy_database"]
        if (
            any(isinstance(node, ast.Name) and node.id == "delete" for node in ast.walk(tree))
            and "commands" in path.parts
        ):
            users.add(path.stem.replace("_", " "))
    assert calls == ["destroy"]
    assert users == {one.name for one in DELETING}
    assert all(one.ends_with == ("destroy", "--now") for one in DELETING if one.name != "destroy")

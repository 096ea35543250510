"""The composer's suggestions, and the tour: its people are in its channels, and its commands exist."""

from __future__ import annotations

import pytest

from bot.commands import COMMANDS
from bot.core.parsing.grammar import Grammar
from bot.sandbox.page.hints import CommandHint, hints_for
from bot.sandbox.page.tour import default_tour
from bot.sandbox.workspace import Workspace


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        ("db freeze NAME [--reads]", "db freeze"),
        ("usage [NAME] [--since 7d]", "usage"),
        ("digest on / off / now", "digest on"),
        ("rotate NAME", "rotate"),
        ("", "home"),
    ],
)
def test_a_command_is_completed_to_the_words_that_must_be_typed(usage: str, words: str) -> None:
    assert CommandHint("home", usage, "").command_words == words


def test_every_spelling_of_a_command_is_one_that_the_bot_parses() -> None:
    grammar = Grammar(COMMANDS)
    for each in COMMANDS:
        hint = CommandHint(each.name, each.usage, each.summary, each.aliases)
        assert all(grammar.spec(spelling) is each for spelling in hint.spellings)


async def test_people_of_other_workspaces_are_offered_no_commands(workspace: Workspace) -> None:
    hints = [CommandHint("list", "db list", "List")]
    assert hints_for(workspace, workspace.people["U0DANA"], hints)["commands"]
    offered = hints_for(workspace, workspace.people["U0STELLA"], hints)
    assert offered["commands"] == []
    assert offered["slash"] == []
    assert {each["name"] for each in offered["channels"]} == {"ext-partner"}


async def test_a_command_without_words_to_type_has_no_hint(workspace: Workspace) -> None:
    assert hints_for(workspace, workspace.people["U0DANA"], [CommandHint("home", "", "x")])["commands"] == []


async def test_the_tour_has_eight_steps_with_people_in_their_channels_and_existing_commands(
    workspace: Workspace,
) -> None:
    steps = default_tour()
    known = {CommandHint(each.name, each.usage, each.summary).command_words for each in COMMANDS if each.usage}
    assert len(steps) == 8
    for act in (act for step in steps for act in step.acts):
        assert act.person in workspace.channels[act.channel].members
        if act.text:
            command, _, rest = act.text.partition(" ")
            assert command == "/turso"
            assert any(rest == each or rest.startswith(f"{each} ") for each in known), act.text

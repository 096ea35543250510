"""A database may have a name that would make the line another command, such as `keep`. A written line quotes it."""

import pytest

from bot.blocks import forms
from bot.blocks.inputs import block_of
from bot.commands import COMMANDS
from bot.commands._lines import command_line, without_private
from bot.core.declaration import Declaration
from bot.core.parsing.argument_schema import Shape, shape_of
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.normalise import SUBCOMMANDS
from bot.core.parsing.parse_results import Parsed
from bot.core.requests.plan import Plan
from bot.pipeline.requests.line_again import line_again

GRAMMAR = Grammar(COMMANDS)


def shape_of_command(spec: Declaration) -> Shape:
    """Return the shape of a command's arguments."""
    return shape_of(spec.args)


NAMED = [(command, word) for command, words in SUBCOMMANDS.items() for word in sorted(words)]


def test_the_subcommands_are_those_of_commands_that_take_a_value() -> None:
    found: dict[str, set[str]] = {}
    for one in COMMANDS:
        for phrase in (one.name, *one.aliases):
            head, _, word = phrase.rpartition(" ")
            parent = GRAMMAR.spec(head) if head else None
            if parent is not None and shape_of_command(parent).places:
                found.setdefault(parent.name, set()).add(word)
    assert found == SUBCOMMANDS


@pytest.mark.parametrize(("command", "word"), NAMED)
def test_the_line_of_a_button_keeps_the_name_a_value(command: str, word: str) -> None:
    read = GRAMMAR.parse(command_line(command, word))
    assert (read.spec.name, read.args.__dict__["name"]) == (command, word)


@pytest.mark.parametrize(("command", "word"), NAMED)
def test_the_line_of_a_form_keeps_the_name_a_value(command: str, word: str) -> None:
    spec = GRAMMAR.spec(command)
    assert spec is not None
    line = forms.line_from_values(spec, {block_of(shape_of_command(spec).by_key["name"]): word})
    read = GRAMMAR.parse(line)
    assert (read.spec.name, read.args.__dict__["name"]) == (command, word)


def test_the_line_of_share_to_channel_keeps_the_name_a_value() -> None:
    read = GRAMMAR.parse(without_private('tokens "list" --private'))
    assert isinstance(read, Parsed)
    assert (read.spec.name, read.args.__dict__["name"]) == ("tokens", "list")


def test_the_line_that_is_asked_again_keeps_the_name_a_value() -> None:
    read = GRAMMAR.parse('rewind "keep" --to 15m ago')
    assert isinstance(read, Parsed)
    again = GRAMMAR.parse(line_again(read, Plan(None, arguments={"at": "2026-03-02 09:00:00Z"})))
    assert (again.spec.name, again.args.__dict__["name"]) == ("rewind", "keep")

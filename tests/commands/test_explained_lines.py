"""`policy explain` decides on the line as it would be read if it were typed."""

import pytest

from bot.commands import COMMANDS
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import Parsed

GRAMMAR = Grammar(COMMANDS)


@pytest.mark.parametrize(
    "line",
    [
        "freeze orders --reason 'the \"old\" one --reads --for 2h'",
        'destroy orders --reason "it\'s --now or never" --ticket OPS-1',
        "destroy orders --reason 'both “old” and --now'",
        "token orders --read-only --expiration '2h'",
    ],
)
def test_a_quoted_word_of_the_explained_line_stays_one_word(line: str) -> None:
    explained = GRAMMAR.parse(f"policy explain {line}")
    assert isinstance(explained, Parsed)

    typed, read = GRAMMAR.parse(line), GRAMMAR.parse(explained.args.__dict__["command"])

    assert (read.spec, read.args, read.common) == (typed.spec, typed.args, typed.common)

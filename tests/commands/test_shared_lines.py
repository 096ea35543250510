"""The line that **Share to channel** runs differs from the private line only in that `--private` is left out."""

import pytest

from bot.commands import COMMANDS
from bot.commands._lines import without_private
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import Parsed

GRAMMAR = Grammar(COMMANDS)


@pytest.mark.parametrize(
    "line",
    [
        "list or* --sort size --private",
        "list --private -g eu",
        "list --group=eu --private=true",
        'list --private "or ders" --sort="size"',
        "list --private -- --private",
        "usage --PRIVATE --since 7d --top 5",
        'usage --since="7d" --private',
        "usage orders --month 2026-10 --private",
        "requests --mine --private",
        "audit --db orders --user <@U0ANA> --since 2026-11-01 --private",
        "tokens --private --mine",
        "triage orders --literals --private",
    ],
)
def test_only_private_is_taken_from_the_line(line: str) -> None:
    typed, shared = GRAMMAR.parse(line), GRAMMAR.parse(without_private(line))
    assert isinstance(typed, Parsed)
    assert isinstance(shared, Parsed)
    assert typed.common.private
    assert (shared.spec, shared.args, shared.common.private) == (typed.spec, typed.args, False)

"""Extra words that people and phones add to a command are ignored. A word like a command's name gets a suggestion."""

import pytest

from bot.commands import COMMANDS
from bot.commands.databases.list import ListArgs
from bot.commands.general.help import HelpArgs
from bot.core.parsing.grammar import Grammar
from bot.errors import BadInput

GRAMMAR = Grammar(COMMANDS)
CHANGES = {command.name for command in COMMANDS if command.changes}


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        GRAMMAR.parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["ls", ": ls", ", ls", ":ls", "- ls", "• ls", "*ls*", "_ls_", "`ls`", "*db list*", "turso ls", "turso db list",
     "/turso ls", "<@U0BOT> ls", "<@U0BOT>: turso db list", "> ls", "Turso: ls"],
)  # fmt: skip
def test_words_around_a_command_are_ignored(text: str) -> None:
    read = GRAMMAR.parse(text)
    assert read.spec.name == "list"
    assert isinstance(read.args, ListArgs)
    assert read.args.filter is None


@pytest.mark.parametrize("text", ["turso", ":", "• ", "<@U0BOT>", "--help", "-h"])
def test_a_line_of_only_ignored_words_means_home_or_help(text: str) -> None:
    assert GRAMMAR.parse(text).spec.name in ("home", "help")


def test_the_glob_of_a_filter_is_kept() -> None:
    assert GRAMMAR.parse("ls *orders*").args == ListArgs(filter="*orders*")


@pytest.mark.parametrize(
    ("text", "name"),
    [("create --help", "create"), ("db destroy orders --help", "destroy"), ("token -h orders", "token"),
     ("digest on -h", "digest on"), ("turso db tokens create --help", "token")],
)  # fmt: skip
def test_a_help_flag_anywhere_shows_the_help_of_the_command(text: str, name: str) -> None:
    read = GRAMMAR.parse(text)
    assert (read.spec.name, read.args) == ("help", HelpArgs(command=name))


def test_help_inside_quotes_is_text() -> None:
    assert GRAMMAR.parse('freeze orders --reason "--help"').spec.name == "freeze"


@pytest.mark.parametrize("flag", ["--yes", "-y", "--force", "-f"])
def test_a_flag_that_skips_questions_is_refused_as_unnecessary(flag: str) -> None:
    assert "isn't needed" in refusal(f"db destroy orders {flag}")


@pytest.mark.parametrize(
    ("word", "name"),
    [("delete", "destroy"), ("drop", "destroy"), ("remove", "destroy"), ("revoke", "rotate"), ("unfreeze", "thaw"),
     ("unblock", "thaw"), ("undo", "restore"), ("info", "show"), ("destory", "destroy"), ("rotat", "rotate"),
     ("tokne", "token"), ("usge", "usage")],
)  # fmt: skip
def test_for_a_word_that_means_or_resembles_a_command_the_command_is_suggested(word: str, name: str) -> None:
    assert f"Did you mean `{name}`" in refusal(f"{word} orders")


@pytest.mark.parametrize("word", ["frobnicate", "please", "hello", "intent", "deploy", "orders", "quit", "migrate"])
def test_for_an_unrelated_word_no_change_command_is_suggested(word: str) -> None:
    sentence = refusal(word)
    assert not [name for name in CHANGES if f"`{name}`" in sentence], sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [("digest on --daily 9am", "`9am` isn't a time"), ("digest on --daily 25:00", "`25:00` isn't a time"),
     ("digest on 9am", "`9am` isn't a time"),
     ("digest on --weekly someday", "`someday` isn't a day"), ('show "orders', "unclosed quote"),
     ("audit --since yesterday", "--since"), ("freeze orders --for soon", "--for")],
)  # fmt: skip
def test_an_error_is_about_the_argument_that_is_wrong(text: str, words: str) -> None:
    assert words in refusal(text)

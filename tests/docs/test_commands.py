"""Every command that the documentation shows is accepted by the bot or by its command line."""

import re
import shlex
from collections.abc import Iterable, Iterator

import pytest

from bot.__main__ import argument_parser
from bot.commands import COMMANDS
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import Parsed
from bot.errors import BotError
from tests.docs.facts import programs
from tests.docs.pages import ROOT, pages

GRAMMAR = Grammar(COMMANDS)
# Names that both `/turso` and `turso-ops` have are left out, because a sentence doesn't say which one it means.
LOCAL = {name.strip("`") for (name,) in programs()} - {command.name for command in COMMANDS}
SLACK = [command.name for command in COMMANDS if command.args.model_fields and command.name != "audit"]
EXAMPLES = {
    "NAME": "orders",
    "SOURCE": "orders",
    "KEY": "INC-42",
    "COMMAND": "show",
    "@ben": "<@U0BEN>",
    "#db-ops": "<#C0DBOPS>",
    "HASH": "0" * 64,
}
"""Values for the documentation's placeholders, such as names, people and channels."""


def sources() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each page that shows current commands, without the generated tables."""
    for page in pages():
        if page.name != "CHANGELOG.md":  # the changelog also shows commands that were removed
            text = re.sub(r"<!-- generated: .*?<!-- end -->", "", page.read_text("utf-8"), flags=re.DOTALL)
            yield str(page.relative_to(ROOT)), text


def spans(text: str) -> Iterator[str]:
    """Return an iterator over the inline code of a page."""
    without_blocks = re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    return (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", without_blocks))


def shown(start: str) -> Iterator[tuple[str, str]]:
    """Yield the page and the text of each command that begins with `start`, in a sentence or in a code block.

    Skips usages, which have `…` or optional parts in brackets.
    """
    for page, text in sources():
        blocks = "\n".join(re.findall(r"^ *```\w*\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE))
        for line in [*blocks.splitlines(), *spans(text)]:
            command = re.sub(r"(?: *#(?!\w).*| [;&]+ .*)$", "", line.strip())
            if command.startswith(f"{start} ") and not re.search(r"[…\[]", command):
                yield page, command


def mentioned(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the page and the text of each command in a sentence without its program, such as `thaw NAME`.

    Skips usages and code that isn't a command, such as paths.
    """
    starts = tuple(f"{name} " for name in names)
    for page, text in sources():
        for span in spans(text):
            if span.removeprefix("db ").startswith(starts) and not re.search(r"[…\[(/|:=]", span):
                yield page, span


def filled(command: str) -> str:
    """Replace each placeholder with an example."""
    return " ".join(EXAMPLES.get(word, word) for word in command.split())


def read(command: str, *, whole: bool = True) -> bool:
    """Return True if the bot understands a `/turso` command. With `whole`, no argument may be missing."""
    try:
        found = GRAMMAR.parse(filled(command).removeprefix("/turso "))
    except BotError:
        return False
    return isinstance(found, Parsed) or not whole


def started(command: str) -> bool:
    """Return True if the command line accepts a `turso-ops` command."""
    words = shlex.split(filled(command).replace("python -m bot", "turso-ops"))[1:]
    try:
        _, rest = argument_parser().parse_known_args(words)
    except SystemExit:
        return False
    return not rest or words[:2] == ["policy", "explain"]  # which also takes the options of the explained command


@pytest.mark.parametrize(("page", "command"), sorted(set(shown("/turso"))))
def test_the_bot_understands_each_documented_command(page: str, command: str) -> None:
    assert read(command), f"{page} shows {command}"


@pytest.mark.parametrize(("page", "command"), sorted({*shown("turso-ops"), *shown("python -m bot")}))
def test_the_command_line_accepts_each_documented_command(page: str, command: str) -> None:
    assert started(command), f"{page} shows {command}"


@pytest.mark.parametrize(("page", "command"), sorted(set(mentioned(SLACK))))
def test_the_bot_understands_a_command_that_a_sentence_mentions(page: str, command: str) -> None:
    assert read(command, whole=False), f"{page} mentions {command}"


@pytest.mark.parametrize(("page", "command"), sorted(set(mentioned(LOCAL))))
def test_the_command_line_accepts_a_command_that_a_sentence_mentions(page: str, command: str) -> None:
    assert started(f"turso-ops {command}"), f"{page} mentions {command}"


@pytest.mark.parametrize("command", ["/turso freeze", "/turso freeze orders --forever", "/turso frieze orders"])
def test_the_check_rejects_an_invalid_command(command: str) -> None:
    assert not read(command)


@pytest.mark.parametrize("command", ["turso-ops serve --no-upgrades", "turso-ops audit check", "turso-ops --verbose"])
def test_the_check_rejects_an_invalid_command_line(command: str) -> None:
    assert not started(command)

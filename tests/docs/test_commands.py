"""Every command that the documentation shows is one that the bot, or its command line, takes."""

import re
import shlex
from collections.abc import Iterator

import pytest

from bot.__main__ import _parser
from bot.commands import COMMANDS
from bot.core.parsing import Grammar, Parsed
from bot.errors import BotError
from tests.docs.pages import ROOT, pages

GRAMMAR = Grammar(COMMANDS)
EXAMPLES = {"NAME": "orders", "KEY": "INC-42", "COMMAND": "show", "@ben": "<@U0BEN>", "@U": "<@U0BEN>"} | {
    "#db-ops": "<#C0DBOPS>",
    "HASH": "0" * 64,
}
"""What stands for a person, a channel or a value in the documentation's examples."""


def shown(start: str) -> Iterator[tuple[str, str]]:
    """Return each command that starts so, in code or in a code block, with the page that shows it."""
    for page in (page for page in pages() if page.name != "CHANGELOG.md"):  # history keeps what is gone
        text = re.sub(
            r"<!-- generated: (?:commands|options) -->.*?<!-- end -->", "", page.read_text("utf-8"), flags=re.S
        )
        blocks = "\n".join(re.findall(r"^ *```\w*\n(.*?)^ *```", text, flags=re.S | re.M))
        spans = re.findall(r"`([^`]+)`", re.sub(r"^ *```\w*\n.*?^ *```", "", text, flags=re.S | re.M))
        for line in [*blocks.splitlines(), *(" ".join(span.split()) for span in spans)]:
            command = re.sub(r"(?: *#(?!\w).*| [;&]+ .*)$", "", line.strip())
            if command.startswith(f"{start} ") and not re.search(r"[…\[]", command):
                yield str(page.relative_to(ROOT)), command


def filled(command: str) -> str:
    """Put an example in place of each placeholder."""
    return " ".join(EXAMPLES.get(word, word) for word in command.split())


def read(command: str) -> bool:
    """Say whether the bot understands a `/turso` command as it is."""
    try:
        return isinstance(GRAMMAR.parse(filled(command).removeprefix("/turso ")), Parsed)
    except BotError:
        return False


def started(command: str) -> bool:
    """Say whether the command line takes a `turso-ops` command."""
    words = shlex.split(filled(command).replace("python -m bot", "turso-ops"))[1:]
    try:
        _, rest = _parser().parse_known_args(words)
    except SystemExit:
        return False
    return not rest or words[:2] == ["policy", "explain"]


@pytest.mark.parametrize(("page", "command"), sorted(set(shown("/turso"))))
def test_the_bot_understands_a_command_of_the_documentation(page: str, command: str) -> None:
    assert read(command), f"{page} shows {command}"


@pytest.mark.parametrize(("page", "command"), sorted({*shown("turso-ops"), *shown("python -m bot")}))
def test_the_command_line_takes_a_command_of_the_documentation(page: str, command: str) -> None:
    assert started(command), f"{page} shows {command}"


@pytest.mark.parametrize("command", ["/turso freeze", "/turso freeze orders --forever", "/turso frieze orders"])
def test_a_command_that_is_gone_is_found(command: str) -> None:
    assert not read(command)


@pytest.mark.parametrize("command", ["turso-ops serve --no-upgrades", "turso-ops audit check", "turso-ops --version"])
def test_a_command_line_that_is_gone_is_found(command: str) -> None:
    assert not started(command)

"""Code for one command is in that command's file: the other packages don't compare a command's name."""

import ast
from pathlib import Path

import bot
from bot.commands import CATALOGUE

ROOT = Path(bot.__file__).parent
NAMES = frozenset(CATALOGUE.names)
PACKAGES = ("core", "blocks", "pipeline", "durable")
"""The packages that serve every command in the same way."""
SUBCOMMANDS = "a table of words, which a test of the commands compares with their names"
SAME_WORD = {
    ("core/parsing/grammar.py", "help"): "the meaning of `--help` after any command",
    ("core/parsing/normalise.py", "rewind"): SUBCOMMANDS,
    ("core/parsing/normalise.py", "tokens"): SUBCOMMANDS,
    ("core/parsing/normalise.py", "create"): SUBCOMMANDS,
    ("core/parsing/normalise.py", "list"): SUBCOMMANDS,
    ("core/policy/file.py", "incident"): "a profile's usual name",
    ("core/policy/lint.py", "incident"): "a profile's usual name",
    ("core/policy/rules.py", "incident"): "a profile's usual name",
    ("core/alerts/alert.py", "freeze"): "a kind of alert",
    ("core/alerts/alert.py", "tokens"): "a kind of alert",
    ("core/requests/plan.py", "alert"): "a key of stored plans",
    ("core/requests/proof.py", "tokens"): "a key of stored facts",
    ("core/requests/incoming.py", "home"): "a kind of incoming event",
    ("core/records/holds.py", "freeze"): "a kind of hold",
    ("core/records/timers.py", "thaw"): "a kind of timer",
    ("core/records/timers.py", "digest"): "a kind of timer",
    ("blocks/home_view.py", "home"): "Slack's word for the view",
    ("blocks/home_view.py", "tokens"): "a part of the Home tab",
    ("pipeline/dispatch/dispatcher.py", "home"): "a label in the log and the metrics",
    ("pipeline/home/home_tab.py", "tokens"): "a part of the Home tab",
    ("pipeline/home/open_homes.py", "home"): "a label in the log and the metrics",
    ("pipeline/replies.py", "incident"): "a key of audit entries",
    ("pipeline/requests/open_items.py", "rotate"): "the verb of a sentence",
    ("pipeline/requests/open_items.py", "thaw"): "the verb of a sentence",
    ("pipeline/requests/request_buttons.py", "freeze"): "the verb of a sentence",
    ("pipeline/timers/incidents.py", "incident"): "a key of audit entries",
    ("pipeline/token_reveal.py", "token"): "a key of stored facts",
}
"""Places that use the same word with another meaning."""


def test_no_command_is_recognized_by_its_name_outside_its_file() -> None:
    found = {}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in NAMES:
                found[(path.relative_to(ROOT).as_posix(), str(node.value))] = node.lineno
    unexpected = [f"bot/{file}:{found[file, name]}: `{name}`" for file, name in sorted(found.keys() - SAME_WORD.keys())]
    assert not unexpected, (
        "A command's name decides something here. Let the command declare it (core/declaration.py, commands/base.py), "
        f"or refer to it as `the_module.command.name`: {'; '.join(unexpected)}"
    )
    assert not SAME_WORD.keys() - found.keys(), "These are no longer in the code. Remove them from SAME_WORD."

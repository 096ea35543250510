"""Runs the commands for the policy file: `policy check`, `test`, `explain` and `diff`. They need no settings."""

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bot.app.argument_types import channel_id, person_id, usergroup_id
from bot.app.policy_text import Unreadable, read_policy
from bot.settings import BadSettings


def add_policy(commands: Any) -> None:
    """Add the commands to the command line."""
    policy = commands.add_parser("policy", help="the policy file").add_subparsers(required=True, metavar="COMMAND")
    default = Path("policy.yaml")
    check = _add(policy, "check", _policy_check, "validate a policy file")
    check.add_argument("file", type=Path, nargs="?", default=default)
    test = _add(policy, "test", _policy_test, "run the policy's test cases")
    test.add_argument("file", type=Path, nargs="?", default=default)
    test.add_argument("cases", type=Path, nargs="?", help="default: the policy's name with .tests.yaml")
    explain = _add(policy, "explain", policy_explain, "explain what someone may do, under which rule, and why")
    explain.add_argument("command", nargs="+", help="as typed: token orders --read-only")
    explain.add_argument("--as", dest="person", type=person_id, required=True, metavar="U…", help="a person's ID")
    explain.add_argument("--in", dest="channel", type=channel_id, required=True, metavar="C…", help="a channel's ID")
    explain.add_argument("--file", type=Path, default=default)
    explain.add_argument(
        "--member", type=usergroup_id, action="append", default=[], metavar="S…", help="a user group that they are in"
    )
    explain.add_argument("--guest", action="store_true", help="they are a guest of the workspace")
    explain.add_argument("--external", action="store_true", help="they are from another workspace")
    explain.add_argument("--incident", action="store_true", help="as if an incident were active there")
    diff = _add(policy, "diff", _policy_diff, "show who gains and who loses permissions between two files")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run)
    return parser


def _policy_check(arguments: argparse.Namespace) -> int:
    from bot.commands import CATALOGUE
    from bot.core.policy import report

    lines, passed = report.check(_read(arguments.file), str(arguments.file), CATALOGUE)
    return _print(lines, passed)


def _policy_test(arguments: argparse.Namespace) -> int:
    from bot.core.policy import report

    cases = arguments.cases or arguments.file.with_suffix(".tests.yaml")
    lines, passed = report.run_cases(_policy(arguments.file), _read(cases), _grammar())
    return _print(lines, passed)


def policy_explain(arguments: argparse.Namespace) -> int:
    """Explain a command line. argparse doesn't parse its options, so they are in `arguments.rest`."""
    from bot.core.policy import report

    policy = _policy(arguments.file)
    lines, passed = report.explain(
        policy,
        " ".join(f'"{word}"' if " " in word else word for word in [*arguments.command, *arguments.rest]),
        _grammar(),
        person=arguments.person,
        channel=arguments.channel,
        groups=arguments.member,
        incident=arguments.incident,
        guest=arguments.guest,
        external=arguments.external,
    )
    return _print(lines, passed)


def _policy_diff(arguments: argparse.Namespace) -> int:
    from bot.core.policy import report

    return _print(report.diff(_policy(arguments.old), _policy(arguments.new), _grammar()), True)


def _grammar() -> Any:
    from bot.commands import COMMANDS
    from bot.core.parsing.grammar import Grammar

    return Grammar(COMMANDS)


def _policy(path: Path) -> Any:
    from bot.commands import CATALOGUE
    from bot.core.policy import load

    return load(_read(path), CATALOGUE, default_organization=os.environ.get("TURSO_ORGANIZATION") or None)


def _read(path: Path) -> str:
    try:
        return read_policy(path)
    except Unreadable as why:
        raise BadSettings(f"`{path}` can't be read ({why}).") from None


def _print(lines: Sequence[str], passed: bool) -> int:
    for line in lines:
        print(line)
    return 0 if passed else 1

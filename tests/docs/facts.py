"""Reads from the code what the reference pages list."""

import argparse
import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot.__main__ import argument_parser
from bot.app import metrics as metrics_module
from bot.app.health import Health
from bot.commands import COMMANDS
from bot.core.parsing.argument_schema import Argument, shape_of
from bot.core.parsing.durations import duration_text
from bot.core.parsing.parse_results import Common
from bot.core.policy import file as policy_file
from bot.core.policy.rules import Rule
from bot.settings import SECRETS, Settings
from bot.slack.manifest import SCOPES
from tests.docs.pages import ROOT
from tests.docs.tables import Row, Table, code

PLACES: dict[str, type[BaseModel]] = {
    "policy file": policy_file.PolicyFile,
    "policy organization": policy_file.OrganizationFile,
    "policy alerts": policy_file.AlertsFile,
    "policy links": policy_file.LinksFile,
    "policy people": policy_file.PeopleFile,
    "policy on call": policy_file.OnCallFile,
    "policy ceiling": policy_file.CeilingFile,
    "policy ceiling deny": policy_file.BanFile,
    "policy channel": policy_file.ChannelFile,
    "policy profile": policy_file.ProfileFile,
    "policy incidents": policy_file.IncidentsFile,
    "policy rule": policy_file.RuleFile,
}
"""For each table of keys in the policy's reference: the model of that place in the file."""


def tables() -> list[Table]:
    """Return every generated table of the documentation."""
    return [
        Table("reference/settings.md", "settings", ("Setting", "Default", "Meaning"), settings()),
        *(
            Table("reference/policy.md", name, ("Key", "Default", "Meaning"), policy_keys(model))
            for name, model in PLACES.items()
        ),
        Table("reference/commands.md", "commands", ("Command", "Usage", "Risk", "What it does"), commands()),
        Table("reference/commands.md", "options", ("Option", "Short", "Meaning"), options()),
        Table("reference/commands.md", "common options", ("Option", "Meaning"), common_options()),
        Table("reference/command-line.md", "command line", ("Command", "What it does"), programs()),
        Table("reference/command-line.md", "command-line options", ("Option", "Default", "Meaning"), switches()),
        Table("reference/command-line.md", "exit codes", ("Status", "Meaning"), exit_codes()),
        Table("reference/metrics.md", "metrics", ("Metric", "Type", "Labels", "Meaning"), metrics()),
        Table("troubleshooting.md", "doctor", ("Check", "If it fails"), checks()),
        Table("life-of-a-request.md", "protocols", ("Protocol", "Implementation"), protocols()),
        Table("install.md", "scopes", ("Scope", "Why"), [(code(scope),) for scope in SCOPES]),
    ]


def settings() -> list[Row]:
    """Return each setting that operators can set, with its default."""
    rows: list[Row] = []
    for field in Settings.model_fields.values():
        if field.exclude or field.alias is None:
            continue
        rows.append((code(field.alias), _default(field.default, required=field.is_required())))
    assert set(SECRETS) <= {name.strip("`") for name, _ in rows}
    return rows


def policy_keys(model: type[BaseModel]) -> list[Row]:
    """Return the keys of one place of a policy file, with their defaults."""
    effective = {one.name: one.default for one in dataclasses.fields(Rule)} if model is policy_file.RuleFile else {}
    return [
        (code(name), _default(_effective(name, info, effective), required=info.is_required()))
        for name, info in model.model_fields.items()
    ]


def _effective(name: str, info: FieldInfo, effective: dict[str, Any]) -> object:
    """Return the default that applies. For a key of a rule, that is the default of `Rule`, if it is a plain value."""
    value = effective.get(name, info.default)
    return value if isinstance(value, (bool, int, str, timedelta, Enum)) else info.default


def _default(value: object, *, required: bool) -> str:
    if required:
        return "required"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, timedelta):
        value = duration_text(value)
    if isinstance(value, Enum):
        value = value.value
    return code(value) if isinstance(value, (str, int, Path)) and value != "" else "–"


def commands() -> list[Row]:
    """Return the commands of `/turso`."""
    return [(code(one.name), code(f"/turso {one.usage}".strip()), one.risk.value) for one in COMMANDS if not one.hidden]


def options() -> list[Row]:
    """Return the arguments of each command, named or not."""
    rows: list[Row] = []
    for command in COMMANDS:
        model: type[BaseModel] = command.args
        shape = shape_of(model)
        shorts = {argument.key: spelled for spelled, argument in shape.options.items() if not spelled.startswith("--")}
        named = [argument for spelled, argument in shape.options.items() if spelled.startswith("--")]
        unnamed: list[Argument] = [*shape.places, *([shape.rest] if shape.rest else [])]
        for argument in [*unnamed, *named]:
            short = shorts.get(argument.key)
            rows.append((code(f"{command.name} {argument.label}"), code(short) if short else ""))
    return rows


def common_options() -> list[Row]:
    """Return the options that many commands share."""
    return [(code(f"--{one.name.replace('_', '-')}"),) for one in dataclasses.fields(Common)]


def programs() -> list[Row]:
    """Return the commands of `turso-ops`."""
    return [(code(name),) for name, _ in _leaves(argument_parser())]


def switches() -> list[Row]:
    """Return the arguments of `turso-ops` itself, and of each of its commands."""
    rows: list[Row] = []
    for name, parser in [("turso-ops", root := argument_parser()), *_leaves(root)]:
        for action in parser._actions:
            if isinstance(action, (argparse._HelpAction, argparse._SubParsersAction)):
                continue
            spelled = action.option_strings[-1] if action.option_strings else action.dest.upper()
            default = "" if action.default in (None, False, argparse.SUPPRESS, []) else code(action.default)
            needed = action.required and action.nargs != "?"
            rows.append((code(f"{name} {spelled}"), "required" if needed else default))
    return rows


def _leaves(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in inner:
        for word, child in action.choices.items():
            yield from _leaves(child, f"{name} {word}".strip())
    if not inner:
        yield name, parser


def metrics() -> list[Row]:
    """Return the metrics by the names that Prometheus scrapes."""
    rows: list[Row] = []
    for node in ast.walk(ast.parse(inspect.getsource(metrics_module))):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) in ("Counter", "Gauge", "Histogram")):
            continue
        kind = ast.unparse(node.func).lower()
        name, _, *given = (ast.literal_eval(argument) for argument in node.args)
        labels = ", ".join(code(label) for label in (given[0] if given else ()))
        rows.append((code(f"{name}_total" if kind == "counter" else name), kind, labels))
    return rows


def exit_codes() -> list[Row]:
    """Return the statuses with which the command line can exit."""
    return [(code(status),) for status in sorted(_statuses())]


COMMAND_LINES = ("__main__.py", "policy_command_line.py")
"""The modules whose functions return exit statuses."""


def _statuses() -> set[int]:
    """Collect the constants and returned numbers of the command line's modules, and the arguments of every `_exit`."""
    found = set()
    for path in (ROOT / "bot").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "_exit" not in text and path.name not in COMMAND_LINES:
            continue
        tree = ast.parse(text)
        named = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        if path.name in COMMAND_LINES:
            found |= {value for name, value in named.items() if isinstance(value, int)}
            found |= set(_returned(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_exit":
                argument = node.args[0]
                value = named[argument.id] if isinstance(argument, ast.Name) else ast.literal_eval(argument)
                assert isinstance(value, int), f"{path} exits with {value!r}"
                found.add(value)
    return found


def _returned(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None:
            for one in ast.walk(node.value):
                if isinstance(one, ast.Constant) and type(one.value) is int:
                    yield one.value


def checks() -> list[Row]:
    """Return the names of the checks that `doctor` runs."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(Health.doctor)))
    (named,) = (node for node in ast.walk(tree) if isinstance(node, ast.Dict))
    return [(code(ast.literal_eval(key)),) for key in named.keys if key is not None]


def protocols() -> list[Row]:
    """Return the Protocols of the bot, without those of the sandbox."""
    rows: list[Row] = []
    for path in sorted((ROOT / "bot").rglob("*.py")):
        place = path.relative_to(ROOT / "bot")
        text = path.read_text(encoding="utf-8")
        if place.parts[0] == "sandbox" or "Protocol" not in text:
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and any(_is_protocol(base) for base in node.bases):
                rows.append((code(f"{place}: {node.name}"),))
    return rows


def _is_protocol(base: ast.expr) -> bool:
    return ast.unparse(base).partition("[")[0] == "Protocol"

"""Load a policy file, or report all its errors with their lines."""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.core.catalogue import CommandCatalogue
from bot.core.policy import document, file, lint
from bot.core.policy.build import build
from bot.core.policy.document import Document, Path, Problem
from bot.core.policy.rules import Policy
from bot.core.policy.unreachable_rules import unreachable_rules
from bot.errors import BotError


class PolicyInvalid(BotError):
    """Raised for an invalid policy file. `problems` has every error that was found, with its line and key."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        first = problems[0]
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"The policy has an error in {first}{more}")


def load(text: str, catalogue: CommandCatalogue, *, default_organization: str | None = None) -> Policy:
    """Return the policy that the YAML `text` describes.

    Args:
        catalogue: the commands that a rule may name.
        default_organization: the setting `TURSO_ORGANIZATION`, for a file that names no organization.
    Raises:
        PolicyInvalid: the file has errors. The exception contains all that were found. Errors in its form, such as
            invalid YAML, may hide others.
    """
    read = document.read(text)
    raw = read.value
    if raw is None:
        empty = read.problem((), "the file is empty; a policy starts with `version: 1`")
        raise PolicyInvalid(tuple(read.problems) or (empty,))
    if not isinstance(raw, dict):
        raise PolicyInvalid((read.problem((), "a policy is a mapping of keys: `version`, `channels`, …"),))
    problems = list(read.problems)
    parsed: file.PolicyFile | None = None
    try:
        parsed = file.PolicyFile.model_validate(raw, context=catalogue)
    except ValidationError as error:
        problems += [_located(read, one) for one in error.errors(include_url=False)]
    errors, warnings = lint.check(read, raw, catalogue, default_organization)
    problems += errors
    if parsed and not problems and not parsed.model_fields_set & {"channels", "incidents"}:
        # A file without these keys is probably incomplete. `channels: {}` denies everything explicitly.
        sentence = "the file names no channels; write `channels: {}` to deny everything everywhere"
        problems.append(read.problem((), sentence))
    if parsed is None or problems:
        unique = {(one.line, one.key, one.sentence): one for one in problems}
        raise PolicyInvalid(tuple(sorted(unique.values(), key=lambda one: (one.line, one.key))))
    policy = build(parsed, catalogue, default_organization)
    warnings += [read.problem(path, sentence) for path, sentence in unreachable_rules(policy)]
    return replace(policy, warnings=tuple(sorted(warnings, key=lambda one: one.line)))


def _located(read: Document, error: Any) -> Problem:
    path: Path = tuple(step for step in error["loc"] if step != "[key]")
    alone = path[:-1] if path[-1:] == (0,) else path  # the path of a single value instead of a list
    written = None if isinstance(error["input"], str) else read.misread.get(path, read.misread.get(alone))
    return read.problem(path, _sentence(error, path, written))


_NEEDS_TEXT = ("policy", "enum", "string_type")
"""The types of errors that quoting the value may correct."""


def _sentence(error: Any, path: Path, written: str | None) -> str:
    """Return a sentence about an error. `written` is the value's text if YAML didn't read it as text."""
    kind, value = error["type"], error["input"]
    if kind == "duration":
        return f"takes a duration such as `30m`, `8h` or `7d`; {_without_unit(value, written)}"
    if written is not None and kind in _NEEDS_TEXT:
        return f'{_misread(value, written)}; quote it (`"{written}"`) if you mean the text'
    if kind in ("policy", "threshold"):
        return str(error["msg"])
    if kind == "missing" and path == ("version",):
        return "`version: 1` is missing; a policy without it isn't used"
    if kind == "extra_forbidden":
        return lint.unknown_key(str(path[-1]), list(model_at(path[:-1]).model_fields))
    if kind == "missing":
        return "this key is required here"
    if kind in ("literal_error", "enum"):
        shown = f'`"{value}"`' if kind == "literal_error" and isinstance(value, str) else _show(value)
        return f"takes {error['ctx']['expected'].replace(chr(39), '`')}, not {shown}"
    if kind.startswith("bool"):
        return f"takes `true` or `false`, not {_show(value)}"
    if kind.startswith(("int", "greater", "less")):
        most = 50 if path[-1] == "level" else 20
        return f"takes a whole number from 1 to {most}, not {_show(value)}"
    if kind == "list_type":
        return f"takes a list, `[…]`, not {_show(value)}"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return f"takes keys with values, not {_show(value)}"
    if kind == "string_pattern_mismatch":
        return f"{_show(value)} isn't an organization's name; use lowercase letters, digits and dashes"
    return f"{error['msg'][:1].lower()}{error['msg'][1:]}; not {_show(value)}"


def _without_unit(value: Any, written: str | None) -> str:
    if written is None or written == str(value):
        return f"{_show(value)} lacks a unit"
    return f"{_misread(value, written)}; quote it, and add a unit"


def _misread(value: Any, written: str) -> str:
    as_what = "nothing" if value is None else f"`{str(value).lower()}`"
    return f"YAML reads {document.quote(written)} as {as_what}"


def _show(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a mapping"
    if value is None:
        return "nothing"
    return document.quote(str(value).lower() if isinstance(value, bool) else value)


def model_at(path: Path) -> type[BaseModel]:
    """Return the model of the mapping at `path`."""
    match path:
        case ("alerts",) | ("organizations", _, "alerts"):
            return file.AlertsFile
        case ("organizations", _):
            return file.OrganizationFile
        case ("people", _):
            return file.PeopleFile
        case ("people", _, "oncall"):
            return file.OnCallFile
        case ("ceiling",):
            return file.CeilingFile
        case ("ceiling", "deny", _):
            return file.BanFile
        case ("channels", _):
            return file.ChannelFile
        case ("profiles", _):
            return file.ProfileFile
        case ("incidents",):
            return file.IncidentsFile
        case ("links",):
            return file.LinksFile
        case ("channels" | "profiles", _, "rules", _):
            return file.RuleFile
    return file.PolicyFile

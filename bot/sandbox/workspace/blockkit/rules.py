"""The basic rules from which the Block Kit validator is built."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.sandbox.workspace.blockkit.problem import Problem

Surface = Literal["message", "modal", "home"]


@dataclass
class Report:
    """The problems found in a payload so far, and what is counted for limits on the whole payload."""

    surface: Surface
    problems: list[Problem] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    block_ids: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class At:
    """A position in the payload, to which rules report problems."""

    report: Report
    pointer: str = ""

    def __truediv__(self, key: str | int) -> At:
        return At(self.report, f"{self.pointer}/{key}")

    def fail(self, message: str, code: str, constraint: int | None = None) -> None:
        self.report.problems.append(Problem(self.pointer, message, code, constraint))

    def add(self, total: str, amount: int) -> int:
        """Add to a total of the whole payload, and return the sum so far."""
        self.report.totals[total] = self.report.totals.get(total, 0) + amount
        return self.report.totals[total]


Rule = Callable[[Any, At], None]


def string(most: int | None = None, *, least: int = 0, like: str | None = None) -> Rule:
    """Return the rule for a string: its length in code points, and its pattern."""
    pattern = re.compile(like) if like else None

    def rule(value: Any, at: At) -> None:
        if not isinstance(value, str):
            at.fail("must provide a string", "invalid_type")
        elif len(value) < least:
            at.fail(f"must be more than {least - 1} characters", "too_short", least)
        elif most is not None and len(value) > most:
            at.fail(f"must be less than {most + 1} characters", "too_long", most)
        elif pattern is not None and not pattern.fullmatch(value):
            at.fail("must match the expected format", "invalid_format")

    return rule


def url(most: int = 3000, *, secure: bool = False) -> Rule:
    """Return the rule for a URL with a scheme. With `secure`, only https is allowed."""
    scheme = "https" if secure else "[a-zA-Z][a-zA-Z0-9+.-]*"
    return string(most, least=1, like=rf"{scheme}:\S+")


def boolean(value: Any, at: At) -> None:
    if not isinstance(value, bool):
        at.fail("must provide a boolean", "invalid_type")


def integer(least: int | None = None, most: int | None = None) -> Rule:
    def rule(value: Any, at: At) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            at.fail("must provide an integer", "invalid_type")
        elif least is not None and value < least:
            at.fail(f"must be greater than or equal to {least}", "too_small", least)
        elif most is not None and value > most:
            at.fail(f"must be less than or equal to {most}", "too_large", most)

    return rule


def number(*, above: float | None = None) -> Rule:
    def rule(value: Any, at: At) -> None:
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or value != value
            or abs(value) == float("inf")
        ):
            at.fail("must provide a number", "invalid_type")
        elif above is not None and value <= above:
            at.fail(f"must be greater than {above:g}", "too_small", int(above))

    return rule


def one_of(*allowed: Any) -> Rule:
    def rule(value: Any, at: At) -> None:
        if isinstance(value, bool) or value not in allowed:
            at.fail("must be a valid enum value", "invalid_enum")

    return rule


def items(each: Rule, *, least: int = 0, most: int | None = None, then: Rule | None = None) -> Rule:
    """Return the rule for a list of `least` to `most` items. `each` checks every item, and `then` the whole list."""

    def rule(value: Any, at: At) -> None:
        if not isinstance(value, list):
            at.fail("must provide an array", "invalid_type")
            return
        if len(value) < least:
            at.fail(f"no fewer than {least} items allowed", "too_few", least)
        if most is not None and len(value) > most:
            at.fail(f"no more than {most} items allowed", "too_many", most)
        for index, item in enumerate(value):
            each(item, at / index)
        if then is not None:
            then(value, at)

    return rule


def shape(
    required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *, then: Rule | None = None
) -> Rule:
    """Return the rule for an object with all required fields, and no others except `type` and the optional ones.

    `then` checks the whole object.
    """
    known = {"type": _anything, **(optional or {}), **required}

    def rule(value: Any, at: At) -> None:
        if not isinstance(value, dict):
            at.fail("must provide an object", "invalid_type")
            return
        for name in required:
            if value.get(name) is None:
                at.fail(f"missing required field: {name}", "missing_field")
        for name, found in value.items():
            if name not in known:
                at.fail(f"invalid additional property: {name}", "unknown_field")
            elif found is not None:
                known[name](found, at / name)
        if then is not None:
            then(value, at)

    return rule


def typed(kinds: Mapping[str, Rule]) -> Rule:
    """Return the rule for an object whose `type` selects one of `kinds`."""

    def rule(value: Any, at: At) -> None:
        if not isinstance(value, dict):
            at.fail("must provide an object", "invalid_type")
        elif not isinstance(value.get("type"), str):
            at.fail("missing required field: type", "missing_field")
        elif value["type"] not in kinds:
            (at / "type").fail(f"unsupported type: {value['type']}", "unsupported_type")
        else:
            kinds[value["type"]](value, at)

    return rule


def both(*rules: Rule) -> Rule:
    def rule(value: Any, at: At) -> None:
        for each in rules:
            each(value, at)

    return rule


def listed(value: dict[str, Any], name: str) -> list[Any]:
    """Return a field that is a list. Return an empty list if the field is missing or something else."""
    found = value.get(name)
    return found if isinstance(found, list) else []


def exactly_one(*names: str) -> Rule:
    """Return the rule that exactly one of these fields must be given."""

    def rule(value: Any, at: At) -> None:
        if isinstance(value, dict) and sum(value.get(name) is not None for name in names) != 1:
            at.fail(f"exactly one of these fields is required: {', '.join(names)}", "missing_field")

    return rule


def at_least_one(*names: str) -> Rule:
    def rule(value: Any, at: At) -> None:
        if isinstance(value, dict) and not any(value.get(name) for name in names):
            at.fail(f"at least one of these fields is required: {', '.join(names)}", "missing_field")

    return rule


def _anything(value: Any, at: At) -> None:
    return None

"""The validator accepts and refuses the same payloads as Slack, and points to the place of each error."""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.workspace import blockkit
from bot.sandbox.workspace.blockkit import Problem, validate_message, validate_options, validate_view
from bot.sandbox.workspace.blockkit.blocks import BLOCKS
from bot.sandbox.workspace.blockkit.elements import IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION
from bot.sandbox.workspace.blockkit.rules import At
from tests.sandbox.workspace.blockkit import corpus

GOOD, BAD = corpus.good(), corpus.bad()


def problems_of(example: corpus.Example) -> list[Problem]:
    checks: dict[str, Callable[[Any], list[Problem]]] = {"message": validate_message, "options": validate_options}
    return checks.get(example.surface, validate_view)(example.payload)


@pytest.mark.parametrize("name", sorted({each.name for each in GOOD}))
def test_what_slack_accepts_is_accepted(name: str) -> None:
    found = {each.id: problems_of(each) for each in GOOD if each.name == name}

    assert {example: problems for example, problems in found.items() if problems} == {}


@pytest.mark.parametrize("name", sorted({each.name for each in BAD}))
def test_what_slack_refuses_is_refused_with_a_pointer_to_it(name: str) -> None:
    missed = []
    for example in BAD:
        if example.name == name:
            found = [(each.pointer, each.code) for each in problems_of(example)]
            if (example.at, example.code) not in found:
                missed.append((example.id, (example.at, example.code), found))
    assert not missed


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_on_the_wrong_surface_is_refused(kind: Any) -> None:
    example = next(each for each in GOOD if each.name == kind)
    block = example.payload["blocks"][0]
    for surface in corpus.SURFACES:
        found = problems_of(corpus.Example(kind, surface, corpus.on(surface, block)))
        codes = {each.code for each in found}
        assert ("unsupported_surface" in codes) == (surface not in BLOCKS[kind][1])


def test_every_block_and_every_element_has_good_and_bad_examples() -> None:
    wanted = set(BLOCKS)
    hosts = {"section": IN_SECTION, "actions": IN_ACTIONS, "input": IN_INPUT, "context_actions": IN_CONTEXT_ACTIONS}
    wanted |= {f"{kind} in {host}" for host, kinds in hosts.items() for kind in kinds}

    assert wanted <= {each.name for each in GOOD}
    assert wanted <= {each.name for each in BAD}


def test_every_error_of_the_validator_has_a_bad_example(monkeypatch: pytest.MonkeyPatch) -> None:
    met = set()
    plain_fail = At.fail

    def fail(self: Any, *args: Any, **kwargs: Any) -> None:
        caller = sys._getframe(1)
        met.add((Path(caller.f_code.co_filename).name, caller.f_lineno))
        plain_fail(self, *args, **kwargs)

    monkeypatch.setattr(At, "fail", fail)
    for example in BAD:
        problems_of(example)
    for kind in BLOCKS:
        block = next(each for each in GOOD if each.name == kind).payload["blocks"][0]
        for surface in corpus.SURFACES:
            problems_of(corpus.Example(kind, surface, corpus.on(surface, block)))

    missing = [
        f"{file}:{first}"
        for file, first, last in _refusals()
        if not any(name == file and first <= line <= last for name, line in met)
    ]
    assert missing == []


def test_a_problem_has_the_form_of_slacks_messages() -> None:
    (problem,) = validate_message({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]})

    assert str(problem) == "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"


def test_lengths_are_counted_in_code_points_of_the_text_as_sent() -> None:
    text = "&lt;" * 750

    assert validate_message({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]}) == []
    assert validate_message({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text + "🦀"}}]})
    assert validate_message({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "🦀" * 150}}]}) == []


def _refusals() -> Iterator[tuple[str, int, int]]:
    """Yield the file, first and last line of every call of `fail` in the validator."""
    for path in Path(blockkit.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fail":
                yield path.name, node.lineno, node.end_lineno or node.lineno


NONSENSE: tuple[Any, ...] = (5, -1.5, True, "", "a", [], {}, [1], [[]], [{}], {"type": "x"}, {"type": []}, {"a": 1})


@pytest.mark.parametrize("name", sorted({each.name for each in GOOD}))
def test_nonsense_in_any_place_raises_no_error_in_the_validator(name: Any) -> None:
    example = next(each for each in GOOD if each.name == name)
    for path in _paths(example.payload):
        for nonsense in NONSENSE:
            payload = copy.deepcopy(example.payload)
            place = payload
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = nonsense
            for problem in problems_of(corpus.Example(name, example.surface, payload)):
                assert problem.pointer.startswith("/") or problem.pointer == ""


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield every path in a payload. Of a list, include only the first two items."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _paths(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value[:2]):
            yield from _paths(each, (*path, index))

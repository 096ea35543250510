"""The validator refuses what slack_sdk's models refuse: examples, and copies of them with one changed value."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.sandbox.workspace.blockkit import validate_message, validate_view
from tests.sandbox.workspace.blockkit import corpus
from tests.soak import one_in

# slack_sdk has no class for these blocks, or a class without limits.
WITHOUT_A_LIMIT_IN_THE_SDK = {"data_table", "data_visualization", "plan"}
EXAMPLES = [each for each in [*corpus.good(), *corpus.bad()] if each.surface in corpus.SURFACES]
LENGTHS = (0, 24, 25, 30, 31, 75, 76, 100, 101, 150, 151, 200, 201, 255, 256, 300, 301, 2000, 2001, 3000, 3001, 4001)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Disable logging: the models log every unknown block in full."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def the_sdk_refuses(payload: Any) -> bool:
    """Return True if no model can be created from the payload, or the model is invalid."""
    try:
        if "title" in payload or payload.get("type") in ("modal", "home"):
            View(**payload).to_dict()
        for block in payload.get("blocks") or []:
            if made := Block.parse(block):
                made.to_dict()
    except SlackObjectFormationError:
        return True
    except (TypeError, AttributeError, ValueError, KeyError):
        return False  # not a refusal: the models expect another shape here
    return False


def we_refuse(surface: str, payload: Any) -> bool:
    return bool(validate_message(payload) if surface == "message" else validate_view(payload))


def test_slack_sdk_accepts_the_good_examples() -> None:
    good = [each for each in corpus.good() if each.surface in corpus.SURFACES]

    assert [each.id for each in good if the_sdk_refuses(each.payload)] == []


@pytest.mark.parametrize("name", sorted({each.name for each in EXAMPLES}))
def test_what_slack_sdk_refuses_is_refused(name: Any) -> None:
    """Check the examples, and copies of the good ones in which one value is longer, empty, missing or replaced."""
    seen = 0
    for example in _first_surface(name):
        for payload in [example.payload, *(() if example.why else one_in(3, list(changed(example.payload))))]:
            if the_sdk_refuses(payload):
                seen += 1
                assert we_refuse(example.surface, payload), payload
    assert (seen > 0) == (name not in WITHOUT_A_LIMIT_IN_THE_SDK)


def changed(payload: Any) -> Iterator[Any]:
    """Yield many payloads that differ from this one in one value."""
    for path, value in _leaves(payload):
        for other in _others(value):
            changed_one = copy.deepcopy(payload)
            place = changed_one
            for key in path[:-1]:
                place = place[key]
            if other is None:
                del place[path[-1]]
            else:
                place[path[-1]] = other
            yield changed_one


def _others(value: Any) -> Iterator[Any]:
    yield None
    if isinstance(value, str):
        yield from ("x" * length for length in LENGTHS if length != len(value))
    elif isinstance(value, list) and value:
        yield []
        yield from (value[:1] * length for length in (2, 4, 5, 6, 10, 11, 25, 26, 51, 101) if length != len(value))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (-1, 0, 10**12)


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield every value in a payload with its path, except types. Of a list, yield only the first item."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key in value.keys() - {"type"}:
            each = value[key]
            yield from _leaves(each, (*path, key))
    elif isinstance(value, list) and value:
        yield from _leaves(value[0], (*path, 0))


def _first_surface(name: str) -> list[corpus.Example]:
    examples = [each for each in EXAMPLES if each.name == name]
    return [each for each in examples if each.surface == examples[0].surface or each.why]

"""The corpus: good and bad examples for every rule of the Block Kit validator, as JSON with two abbreviations.

`"x*3001"` is a string of 3001 x. `{"repeat": item, "times": n}` is a list of n items, in whose strings `{n}` is the
number of the item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent / "corpus"
_REPEATED = re.compile(r"(.)\*(\d+)")
SURFACES = ("message", "modal", "home")


@dataclass(frozen=True)
class Example:
    """A payload for a surface. If it is bad, also the reason, the place of the error, and the validator's code."""

    name: str
    surface: str
    payload: Any
    why: str = ""
    at: str = ""
    code: str = ""

    @property
    def id(self) -> str:
        return f"{self.name} on {self.surface}" + (f": {self.why}" if self.why else "")


def good() -> list[Example]:
    """Return the good examples: blocks and elements on each surface that allows them, and whole payloads."""
    found = []
    for name, surfaces, entry in _families():
        for block in entry["good"]:
            found += [Example(name, surface, on(surface, block)) for surface in surfaces]
    payloads = _read("payloads")
    for name in payloads:
        found += [Example(name, _surface(name, each), expand(each)) for each in payloads[name]["good"]]
    return found


def bad() -> list[Example]:
    """Return the bad examples: blocks and elements on one surface each, and whole payloads."""
    found = []
    for name, surfaces, entry in _families():
        for each in entry["bad"]:
            surface = surfaces[0]
            at = ("/blocks/0" + each["prefix"] if "prefix" in each else "/blocks/0") + each.get("at", "")
            found.append(Example(name, surface, on(surface, each["block"]), each["why"], at, each["code"]))
    payloads = _read("payloads")
    for name in payloads:
        for each in payloads[name]["bad"]:
            surface, at = _surface(name, each["payload"]), each.get("at", "")
            found.append(Example(name, surface, expand(each["payload"]), each["why"], at, each["code"]))
    return found


def on(surface: str, block: Any) -> Any:
    """Return a payload for a surface with this one block."""
    blocks = [expand(block)]
    if surface == "message":
        return {"text": "a", "blocks": blocks}
    if surface == "home":
        return {"type": "home", "blocks": blocks}
    plain = {"type": "plain_text", "text": "a"}
    return {"type": "modal", "title": plain, "submit": plain, "blocks": blocks}


def hosted(host: str, element: Any) -> Any:
    """Return a block of the type `host` that contains this element."""
    plain = {"type": "plain_text", "text": "a"}
    return {
        "section": {"type": "section", "text": plain, "accessory": element},
        "actions": {"type": "actions", "elements": [element]},
        "input": {"type": "input", "label": plain, "element": element},
        "context_actions": {"type": "context_actions", "elements": [element]},
    }[host]


def expand(value: Any, count: int | None = None) -> Any:
    """Return a value with its abbreviations written out. `count` is the number of the item that it belongs to."""
    if isinstance(value, list):
        return [expand(each, count) for each in value]
    if isinstance(value, dict):
        if set(value) == {"repeat", "times"}:
            return [expand(value["repeat"], index) for index in range(value["times"])]
        return {key: expand(each, count) for key, each in value.items()}
    if isinstance(value, str) and (found := _REPEATED.fullmatch(value)):
        return found[1] * int(found[2])
    return value.replace("{n}", str(count)) if isinstance(value, str) and count is not None else value


def _families() -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """Yield (name, surfaces, examples) of every block, and of every element in each block type that may contain it."""
    for file in ("blocks", "data"):
        for name, entry in _read(file).items():
            yield name, entry.get("surfaces", SURFACES), entry
    prefixes = {
        "section": "/accessory",
        "actions": "/elements/0",
        "input": "/element",
        "context_actions": "/elements/0",
    }
    for name, entry in _read("elements").items():
        for host in entry["hosts"]:
            surfaces = ("message",) if host == "context_actions" else SURFACES
            yield (
                f"{name} in {host}",
                surfaces,
                {
                    "good": [hosted(host, each) for each in entry["good"]],
                    "bad": [
                        {**each, "block": hosted(host, each["element"]), "prefix": prefixes[host]}
                        for each in entry["bad"]
                    ],
                },
            )


def _surface(name: str, payload: Any) -> str:
    if name != "view":
        return name
    return "home" if isinstance(payload, dict) and payload.get("type") == "home" else "modal"


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_HERE / f"{name}.json").read_text())
    return found

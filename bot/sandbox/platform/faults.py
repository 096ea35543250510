"""Faults that tests can set: failures of the network and of the service."""

import asyncio
import itertools
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

Effect = Literal["not_ready", "late_rotation", "group_rotation"]
"""Faults that change a request's result, such as a delayed rotation.

The other kinds delay, fail or drop the request.
"""
FaultKind = Literal["latency", "status", "drop", "lost", "hold_before", "hold_after"] | Effect
EFFECTS: frozenset[str] = frozenset(get_args(Effect))
KINDS: frozenset[str] = EFFECTS | {"latency", "status", "drop", "lost", "hold_before", "hold_after"}
_ids = itertools.count(1)


@dataclass
class Fault:
    """A fault that affects `count` requests with a matching method and path, or all of them if `count` is None.

    Kinds:
        latency: wait `seconds` before the request is handled.
        status: respond with `status` and do nothing. `retry_after` sets that header, and `body` the response's body.
        drop: close the connection before anything is done.
        lost: do what was requested, then close the connection without a response.
        hold_before, hold_after: hold the request before or after its effect, until it is released.
        not_ready: a new database's data plane responds with 404 for `seconds`.
        late_rotation: the tokens that a rotation revokes still work for `seconds`.
        group_rotation: the rotation of a database revokes the tokens of its whole group.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    count: int | None = 1
    seconds: float = 0.0
    status: int = 503
    retry_after: str | None = None
    body: str | None = None
    struck: int = 0
    """How many requests it has affected."""
    id: int = field(default_factory=lambda: next(_ids))
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False, compare=False)
    """Set once held requests may continue."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event, repr=False, compare=False)
    """Set once a request is held."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a fault is one of {', '.join(sorted(KINDS))}")

    @property
    def spent(self) -> bool:
        return self.count is not None and self.struck >= self.count

    def fits(self, method: str, path: str) -> bool:
        """Return True if the fault's method and path match a request.

        The fault's `path` is a glob for the whole path, such as `*/auth/rotate`.
        """
        return self.method in ("*", method.upper()) and fnmatchcase(path, self.path)

    def as_json(self) -> dict[str, Any]:
        events = {"released": self.released.is_set(), "arrived": self.arrived.is_set()}
        return {each.name: getattr(self, each.name) for each in fields(self)} | events


class Faults:
    """The active faults, in the order in which they were set."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, kind: FaultKind, **options: Any) -> Fault:
        """Set a fault. `Fault` describes the options. Raises ValueError or TypeError if one is invalid."""
        fault = Fault(kind, **options)
        self._faults.append(fault)
        return fault

    def take(self, method: str, path: str) -> list[Fault]:
        """Return the faults that affect this request, at most one of each kind, and count them."""
        taken: dict[str, Fault] = {}
        for fault in self._faults:
            if fault.kind in EFFECTS or fault.kind in taken:
                continue
            if not fault.spent and fault.fits(method, path):
                fault.struck += 1
                taken[fault.kind] = fault
        return list(taken.values())

    def effect(self, kind: Effect, method: str, path: str) -> Fault | None:
        """Return the fault of this kind that changes this request's result, and count it. None if there is none."""
        for fault in self._faults:
            if fault.kind == kind and not fault.spent and fault.fits(method, path):
                fault.struck += 1
                return fault
        return None

    def find(self, id_: int) -> Fault | None:
        return next((fault for fault in self._faults if fault.id == id_), None)

    def all(self) -> list[Fault]:
        return list(self._faults)

    def remove(self, id_: int) -> None:
        """Remove a fault, and release the requests that it holds. Does nothing if it doesn't exist."""
        for fault in [fault for fault in self._faults if fault.id == id_]:
            fault.released.set()
            self._faults.remove(fault)

    def clear(self) -> None:
        """Remove all faults, and release the requests that are held."""
        for fault in self._faults:
            fault.released.set()
        self._faults.clear()

"""Plans: the exact database, the arguments and the steps. A plan is stored before anybody is asked to approve it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from bot.core.model import Target

COUNTDOWN: Final = "{countdown}"
"""Placeholder in a step for the length of the countdown, such as `24 h`, which depends on the rule that decides."""
JsonValue = Any
"""A str, int, float, bool or None, or a list or dict of these."""


@dataclass(frozen=True, slots=True)
class PlanTarget:
    """A logical database at the time of planning. The plan applies to the database with this ID, not this name."""

    name: str
    id: str
    """The `DbId`. A database that is created again with the same name has another ID."""
    group: str | None = None
    delete_protection: bool | None = False
    """None if Turso didn't return it."""
    size_bytes: int | None = None
    """None if Turso didn't return it."""
    sources: tuple[str, ...] = ()
    """The names of the databases from which it was branched, nearest first."""

    @property
    def as_seen(self) -> Target:
        """Return the database as a `Target`, for the policy."""
        return Target(self.name, self.group, self.sources)


@dataclass(frozen=True, slots=True)
class PlannedHold:
    """A block of reads or writes that the plan sets, and that a thaw, an undo or a timer ends."""

    kind: str
    """`freeze` or `quarantine`."""
    block_reads: bool
    block_writes: bool
    seconds: int | None
    """How long the block lasts, in seconds. None means until somebody ends it."""


ALERT: Final = "alert"
"""Key in a plan's arguments: the alert with the button that led to the plan, as `id`, `says` and `at`."""
SETTLES: Final = "settles"
"""Key in a plan's arguments: the ended incident whose open item the plan settles."""
DECIDES: Final = "decides"
"""Key in a plan's arguments: the request on whose result the plan decides, such as keeping or discarding it."""
DECIDES_ABOUT: Final = "decides_about"
"""Key in a plan's arguments: the `DbId` of the database on which the plan decides. Only one request can do that."""
CHANGES_ALONE: Final = "changes_alone"
"""Key in a plan's arguments: a text that identifies what only one request at a time may change.

An example is whether a group is archived.
"""
SUCCESSOR: Final = "successor"
"""Key in a plan's arguments: the database that replaces the target, as its `name` and its addresses."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen to which database. Commands fill the fields up to `ends_tokens_of`, the pipeline the rest."""

    target: PlanTarget | None
    """The database that the plan is about, or the source of a copy. None for `create` and if there is no database."""
    steps: tuple[str, ...] | list[str] = ()
    """Plain sentences, in order. The card numbers them."""
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)
    """What `act` needs, as plain JSON."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """The facts that the card shows to approvers: labels and plain text."""
    warnings: tuple[str, ...] | list[str] = ()
    """Plain sentences that the card emphasizes."""
    databases: tuple[Target, ...] = ()
    """Every affected database, including the target, for the policy. A rotation may affect a whole group."""
    holders: tuple[str, ...] = ()
    """The user IDs of those who hold active tokens that this revokes, or that a switch would revoke."""
    hold: PlannedHold | None = None
    ends_tokens_of: tuple[str, ...] = ()
    """The `DbId`s of databases whose tokens stop working."""
    command: str = ""
    options: tuple[str, ...] = ()
    organization: str = ""
    policy_hash: str = ""

    @property
    def settles(self) -> str:
        """Return the ID of the ended incident whose open item the plan settles, or an empty string."""
        return str(self.arguments.get(SETTLES, ""))

    @property
    def decides(self) -> str:
        """Return the ID of the request on whose result the plan decides, or an empty string."""
        return str(self.arguments.get(DECIDES, ""))

    @property
    def decision_subjects(self) -> tuple[str, ...]:
        """Return the IDs on which only one request can decide: of a request, and of the database that it created."""
        return tuple(filter(None, (self.decides, str(self.arguments.get(DECIDES_ABOUT, "")))))

    @property
    def changes_alone(self) -> tuple[str, ...]:
        """Return the texts that identify what no other request may change while this one is in progress."""
        return tuple(filter(None, (str(self.arguments.get(CHANGES_ALONE, "")),)))

    @property
    def successor(self) -> Mapping[str, JsonValue]:
        """Return the name and addresses of the database that replaces the target. Empty if there is none."""
        return self.arguments.get(SUCCESSOR) or {}

    def to_json(self) -> str:
        """Return the canonical JSON text, which is stored and hashed."""
        raw = asdict(replace(self, databases=()))
        raw["databases"] = [_database_json(one) for one in self.databases]
        if self.target is not None and not self.target.sources:
            del raw["target"]["sources"]  # so that plans stored before this field existed keep their text
        return json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the canonical text, in hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def operation_hash(self) -> str:
        """Return the SHA-256 of the operation and its target, without facts.

        Requests with equal hashes are for the same operation.
        """
        target = [self.target.name, self.target.id] if self.target else None
        wish = [self.command, self.options, self.organization, target, dict(self.arguments)]
        return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Parse the text from `to_json`. The plan's hash is the same."""
        raw = json.loads(text)
        target, hold = raw.pop("target"), raw.pop("hold")
        if target and "sources" in target:
            target["sources"] = tuple(target["sources"])
        raw["databases"] = tuple(_database(*one) for one in raw["databases"])
        for key in ("steps", "warnings", "holders", "ends_tokens_of", "options"):
            raw[key] = tuple(raw[key])
        return cls(target=PlanTarget(**target) if target else None, hold=PlannedHold(**hold) if hold else None, **raw)


def _database_json(target: Target) -> list[JsonValue]:
    """Return a database's JSON. Without sources, it is the same as before the field existed, so hashes don't change."""
    return [target.name, target.group, *([list(target.sources)] if target.sources else [])]


def _database(name: str, group: str | None, sources: Iterable[str] = ()) -> Target:
    return Target(name, group, tuple(sources))

"""A plan: the exact object, the arguments and what will happen, fixed before anybody is asked to approve."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

COUNTDOWN: Final = "{countdown}"
"""Stands in a step for the length of the countdown, which only the rule that decides knows: `24 h`."""
JsonValue = Any
"""str, int, float, bool, None, or a list or dict of them."""


@dataclass(frozen=True, slots=True)
class PlanTarget:
    """A logical database at the moment of planning. Its id, not its name, is what the plan is about."""

    name: str
    id: str
    """`DbId`: a database made again under the same name has another."""
    group: str | None = None
    delete_protection: bool | None = False
    """None: Turso didn't say."""
    size_bytes: int | None = None
    """None: Turso didn't say."""


@dataclass(frozen=True, slots=True)
class PlannedHold:
    """Blocks that the plan places and that somebody has to lift again."""

    kind: str
    """`freeze` or `quarantine`."""
    block_reads: bool
    block_writes: bool
    seconds: int | None
    """How long; None: until it is lifted by hand."""


SETTLES: Final = "settles"
"""Among a plan's arguments: the incident that has ended and left open what the plan settles."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen, to which object. Commands fill the first fields; `pipeline` adds the last four."""

    target: PlanTarget | None
    """None: the command makes something new, or touches no database."""
    steps: tuple[str, ...] | list[str] = ()
    """Numbered sentences in plain text, in order."""
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)
    """What `act` needs, as plain JSON."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """The pre-flight snapshot that approvers read: label to plain text."""
    warnings: tuple[str, ...] | list[str] = ()
    """Plain sentences that stand out on the card."""
    databases: tuple[tuple[str, str | None], ...] = ()
    """Every database it touches as (name, group), the target included; rotation may touch a whole group."""
    holders: tuple[str, ...] = ()
    """User ids who hold live tokens that this ends."""
    hold: PlannedHold | None = None
    ends_tokens_of: tuple[str, ...] = ()
    """`DbId`s whose tokens die with it."""
    command: str = ""
    options: tuple[str, ...] = ()
    organization: str = ""
    policy_hash: str = ""

    @property
    def settles(self) -> str:
        """Return the incident that has ended and left open what this settles; empty: it settles nothing of one."""
        return str(self.arguments.get(SETTLES, ""))

    def to_json(self) -> str:
        """Return the canonical text that is stored and hashed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the canonical text, in hex."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def operation_hash(self) -> str:
        """Return the SHA-256 of what is done to which object, without the snapshot. Equal hashes are one wish."""
        target = [self.target.name, self.target.id] if self.target else None
        wish = [self.command, self.options, self.organization, target, dict(self.arguments)]
        return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read what `to_json` wrote; the hash stays the same."""
        raw = json.loads(text)
        target, hold = raw.pop("target"), raw.pop("hold")
        raw["databases"] = tuple((name, group) for name, group in raw["databases"])
        for key in ("steps", "warnings", "holders", "ends_tokens_of", "options"):
            raw[key] = tuple(raw[key])
        return cls(target=PlanTarget(**target) if target else None, hold=PlannedHold(**hold) if hold else None, **raw)

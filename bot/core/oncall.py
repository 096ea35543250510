"""On-call schedules that a policy names, and the keys by which the people on call are looked up."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.model import Risk

PREFIX: Final = "oncall:"
_RISKS: Final = tuple(Risk)


class Provider(StrEnum):
    """A service that knows who is on call."""

    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"
    INCIDENT_IO = "incident_io"

    @property
    def label(self) -> str:
        """Return the service's name for people."""
        return _LABELS[self]

    @property
    def has_policies(self) -> bool:
        """Return True if it also returns who is on call for an escalation policy and its levels."""
        return self is Provider.PAGERDUTY


_LABELS: Final = {
    Provider.PAGERDUTY: "PagerDuty",
    Provider.OPSGENIE: "Opsgenie",
    Provider.INCIDENT_IO: "incident.io",
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule or an escalation policy of a provider, perhaps only one of its levels."""

    provider: Provider
    id: str
    level: int | None = None
    is_policy: bool = False
    """True for an escalation policy, False for a schedule."""

    @property
    def key(self) -> str:
        """Return the key under which its people are looked up, like a user group's ID. `of` parses it."""
        kind = "policy" if self.is_policy else "schedule"
        level = f":{self.level}" if self.level is not None else ""
        return f"{PREFIX}{self.provider}:{kind}:{self.id}{level}"

    @classmethod
    def of(cls, key: str) -> "Schedule":
        """Return the schedule of a key."""
        _, provider, kind, id_, *level = key.split(":")
        return cls(Provider(provider), id_, int(level[0]) if level else None, kind == "policy")


@dataclass(frozen=True, slots=True)
class OnCall:
    """The people who are on call in a schedule, for operations up to a risk."""

    schedule: Schedule
    risk: Risk = Risk.HIGH

    def covers(self, risk: Risk) -> bool:
        """Return True if these people may approve or review an operation with this risk."""
        return _RISKS.index(risk) <= _RISKS.index(self.risk)


def is_schedule(group: str) -> bool:
    """Return True for the key of a schedule, False for the ID of a user group."""
    return group.startswith(PREFIX)


def not_said(groups: Iterable[str]) -> str:
    """Return a sentence, without a full stop, that says which members of groups and schedules couldn't be looked up."""
    keys = sorted(groups)
    providers = list(dict.fromkeys(Schedule.of(key).provider.label for key in keys if is_schedule(key)))
    parts = [f"who is on call in {provider}" for provider in providers]
    if not parts or any(not is_schedule(key) for key in keys):
        parts.append("the members of a user group that this depends on")
    return f"I couldn't look up {', or '.join(parts)}"


SCHEDULE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")

"""The roster: who is on call, and what goes wrong with the services that say so."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

ANA: Final = "PANA001"
BEN: Final = "PBEN002"
SCHEDULE: Final = "PDBA100"
ESCALATION: Final = "PESC100"
SECOND_SCHEDULE: Final = "PLEAD20"


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call, by the service's own IDs."""

    user: str
    """Empty for a time that is nobody's."""
    schedule: str = SCHEDULE
    level: int = 1
    escalation_policy: str = ESCALATION
    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    end: datetime = datetime(2036, 1, 1, tzinfo=UTC)


def seeded() -> list[Shift]:
    """Return the shifts of the sandbox: Ana first, then Ben."""
    return [Shift(ANA), Shift(BEN, SECOND_SCHEDULE, 2)]


@dataclass
class Roster:
    """The shifts of now. Tests and people change them, and break the services."""

    shifts: list[Shift] = field(default_factory=seeded)
    status: int = 0
    """The status with which every call is refused. 0: none is."""
    seconds: float = 0.0
    """How long every answer takes."""
    page: int = 100
    """The largest page, whatever is asked for."""
    calls: list[str] = field(default_factory=list)
    """The path and query of every call."""

    def on_call(self, *, schedule: str = "", escalation_policy: str = "") -> list[Shift]:
        """Return the shifts of a schedule or an escalation policy, in order."""
        return [
            one
            for one in self.shifts
            if schedule in ("", one.schedule) and escalation_policy in ("", one.escalation_policy)
        ]

"""The roster: who is on call, and the faults of the services that report this."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

ANA: Final = "PANA001"
BEN: Final = "PBEN002"
SCHEDULE: Final = "PDBA100"
ESCALATION: Final = "PESC100"
SECOND_SCHEDULE: Final = "PLEAD20"


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call, with the IDs of the service."""

    user: str
    """Empty if nobody is on call."""
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
    """The current shifts, and the faults of the services. Tests change both."""

    shifts: list[Shift] = field(default_factory=seeded)
    status: int = 0
    """The HTTP status of every response, or 0 for the real response."""
    seconds: float = 0.0
    """The delay of every response."""
    page: int = 100
    """The most entries per page, even if the client requests more."""
    last_page: Literal["no cursor", "empty", "unchanged", "end of the last entry"] = "no cursor"
    """The cursor on incident.io's last page, which its OpenAPI file doesn't specify."""
    calls: list[str] = field(default_factory=list)
    """The path and query of every call."""

    def on_call(self, *, schedule: str = "", escalation_policy: str = "") -> list[Shift]:
        """Return the shifts of a schedule or an escalation policy, in order."""
        return [
            one
            for one in self.shifts
            if schedule in ("", one.schedule) and escalation_policy in ("", one.escalation_policy)
        ]

"""Check whether a phase may still be carried out, by plan drift and the current rules."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.core.ports import Clock
from bot.core.requests.request import Request, State
from bot.core.requests.step_results import PhaseKind
from bot.errors import Unavailable
from bot.pipeline.approval.expiry import expire_if_too_late
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.plan_drift import other_object
from bot.pipeline.authorization.steps import RefusalKind, Step
from bot.pipeline.environment import Environment
from bot.pipeline.quarantine.countdown import End, examine

FRESH: Final = timedelta(seconds=15)
"""How long a check for plan drift is valid. After a crash, it is always repeated."""


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Records for which phases this process has checked for plan drift, and when."""

    clock: Clock
    made: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def note(self, request_id: str, phase: str) -> None:
        """Record that a phase was checked now."""
        self.made[request_id, phase] = self.clock.now()

    def take(self, request_id: str, phase: str) -> bool:
        """Remove the record of a phase's check. Return True if there was one that is still valid."""
        at = self.made.pop((request_id, phase), None)
        return at is not None and self.clock.now() - at <= FRESH


async def why_stale(env: Environment, request: Request, phase: str) -> str | None:
    """Return why a phase may no longer be carried out, or None. Raises Unavailable if that can't be checked.

    An undo only needs the database to be the same. If the end of a countdown can't be checked now, it is postponed.
    """
    kind = PhaseKind.of(phase)
    if kind is PhaseKind.UNDO:
        turso, target = env.turso_clients.turso(request.organization), request.plan.target
        return await other_object(turso, target) if target else None
    if kind is PhaseKind.FINISH:
        finding = await examine(env, request)
        return None if finding.end is End.DESTROY else finding.why
    if request.state is not State.EXECUTING:
        return None  # it was ended in the meantime, so nothing will be sent
    answer = await authorize(env, request, Step.START)
    if answer.refusal is RefusalKind.UNKNOWN:
        raise Unavailable(answer.why)
    if answer.allowed and await expire_if_too_late(env, answer.request):
        return None  # it has just expired, so nothing will be sent
    return answer.why or None

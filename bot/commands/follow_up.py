"""What a pressed button is bound to: a plan about anything else is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.core.records.holds import Hold
from bot.core.requests.plan import ALERT, SETTLES, Plan
from bot.errors import Refused


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a button of an open item, a branch, an incident or an alert is bound to."""

    database_id: str = ""
    hold: Hold | None = None
    incident_id: str = ""
    over: str = ""
    """The refusal that is shown if `incident_id` is no longer the active incident."""
    settles: str = ""
    """The ID of the ended incident if the button is for one of its open items."""
    alert: Mapping[str, str] = field(default_factory=dict)
    """The alert from which an incident is started: its ID, its sentence, and when it was raised."""

    def bind(self, plan: Plan) -> Plan:
        """Return the plan, bound to what the button is about.

        Raises:
            Refused: the plan is about another database or incident.
        """
        if self.alert:
            return replace(plan, arguments={**plan.arguments, ALERT: dict(self.alert)})
        if not self.incident_id and not self.database_id:
            return plan
        if self.incident_id:
            if plan.arguments.get("incident_id") != self.incident_id:
                raise Refused(self.over)
            return plan
        if plan.target is None or plan.target.id != self.database_id:
            name = plan.target.name if plan.target else "it"
            raise Refused(
                f"The name `{name}` now belongs to a different database. The one that this button was for no longer "
                "exists."
            )
        return replace(plan, arguments={**plan.arguments, SETTLES: self.settles}) if self.settles else plan

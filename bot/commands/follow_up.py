"""What a plan must be about if a button or the end of a branch led to it. A plan about anything else is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.core.records.holds import Hold
from bot.core.requests.plan import ALERT, SETTLES, Plan
from bot.errors import Refused


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a plan must be about, because of the button that led to it, or the branch whose end has been reached."""

    database_id: str = ""
    """The `DbId` of the plan's target. Empty if the plan may be about any database."""
    hold: Hold | None = None
    """The freeze that a thaw ends. None if it isn't about one freeze."""
    incident_id: str = ""
    """The incident that the plan extends or ends. Empty if it does neither."""
    over: str = ""
    """The refusal that is shown if `incident_id` is no longer the active incident."""
    settles: str = ""
    """The ID of the ended incident whose rules allow this for its open item. Empty if the current rules decide."""
    alert: Mapping[str, str] = field(default_factory=dict)
    """The alert from which an incident is started: its ID, its sentence, and when it was raised. Empty without one."""

    def bind(self, plan: Plan) -> Plan:
        """Return the plan, with the alert or the ended incident that it belongs to.

        Raises:
            Refused: the plan is about another database or incident, or about none.
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

"""PagerDuty: `GET /oncalls`, which lists who is on call for each level of each escalation policy.

Source: https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls
"""

from typing import Any, Final

from pydantic import SecretStr

from bot.core.oncall import Provider, Schedule
from bot.oncall.calls import MOST_PAGES, Calls, Observer, OnCallUnavailable, identifier

PAGE: Final = 100
"""Entries per page, the most that PagerDuty allows."""
VERSION: Final = "application/vnd.pagerduty+json;version=2"


class PagerDuty:
    """Reads schedules and escalation policies of PagerDuty."""

    provider = Provider.PAGERDUTY

    def __init__(self, base_url: str, token: SecretStr, *, observer: Observer | None = None) -> None:
        headers = {"Authorization": f"Token token={token.get_secret_value()}", "Accept": VERSION}
        self.calls = Calls(self.provider, base_url, headers, observer=observer)

    async def people(self, schedule: Schedule) -> frozenset[str]:
        """Return PagerDuty's IDs of the people on call now. Raises the errors named in `Adapter`."""
        people = set[str]()
        source = "escalation_policy_ids[]" if schedule.is_policy else "schedule_ids[]"
        for page in range(MOST_PAGES):
            params = [(source, schedule.id), ("limit", str(PAGE)), ("offset", str(page * PAGE))]
            answer = await self.calls.get("/oncalls", params)
            people |= {identifier(one.get("user")) for one in answer["oncalls"] if _is_meant(one, schedule)}
            if answer.get("more") is not True:
                return frozenset(people)
        raise OnCallUnavailable(f"{self.provider.label}: it has more than {MOST_PAGES} pages for this schedule.")


def _is_meant(entry: Any, schedule: Schedule) -> bool:
    """Return True for an entry of this schedule and level.

    The query already selects the schedule or policy, but not the level. The response is checked for both.
    """
    of = entry.get("escalation_policy" if schedule.is_policy else "schedule")
    if not isinstance(of, dict) or of.get("id") != schedule.id:
        return False
    return schedule.level is None or entry.get("escalation_level") == schedule.level

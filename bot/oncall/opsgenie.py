"""Opsgenie: `GET /v2/schedules/{id}/on-calls`, the participants of a schedule who are on call now.

Source: https://docs.opsgenie.com/docs/who-is-on-call-api, and opsgenie/opsgenie-oas (definitions/whoIsOnCall.yaml)
"""

from typing import Any, Final
from urllib.parse import quote

from pydantic import SecretStr

from bot.core.oncall import Provider, Schedule
from bot.oncall.calls import Calls, Observer, identifier

DEEPEST: Final = 10
"""The deepest nesting of participants, such as a user in a team in an escalation. Deeper ones count as an error."""
NOT_NOW: Final = ("next", "previous")
"""Values of `notifyType` that mean the shift after or before the current one."""


class Opsgenie:
    """Reads schedules of Opsgenie."""

    provider = Provider.OPSGENIE

    def __init__(self, base_url: str, token: SecretStr, *, observer: Observer | None = None) -> None:
        headers = {"Authorization": f"GenieKey {token.get_secret_value()}"}
        self.calls = Calls(self.provider, base_url, headers, observer=observer)

    async def people(self, schedule: Schedule) -> frozenset[str]:
        """Return Opsgenie's IDs of the people on call now. Raises the errors named in `Adapter`.

        Doesn't request the flat form, which has only e-mail addresses.
        """
        path = f"/v2/schedules/{quote(schedule.id, safe='')}/on-calls"
        answer = await self.calls.get(path, [("scheduleIdentifierType", "id"), ("flat", "false")])
        return frozenset(_users(answer["data"]["onCallParticipants"], DEEPEST))


def _users(participants: list[Any], deepest: int) -> list[str]:
    """Return the users among participants, including those in escalations and teams, who are on call now."""
    if deepest == 0:
        raise ValueError("participants are nested too deeply")
    users: list[str] = []
    for one in participants:
        if not _is_now(one):
            continue
        if one["type"] == "user":
            users.append(identifier(one))
        else:
            users += _users(one.get("onCallParticipants") or [], deepest - 1)
    return users


def _is_now(participant: Any) -> bool:
    """Return False for a participant of an escalation who is notified only later, or whose shift isn't now.

    Raises ValueError for a time that can't be read.
    """
    minutes = participant.get("escalationTime")
    if minutes is not None and (not isinstance(minutes, int) or minutes < 0):
        raise ValueError("a time of an escalation isn't a number of minutes")
    return not minutes and participant.get("notifyType") not in NOT_NOW

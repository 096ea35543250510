"""Opsgenie's `GET /v2/schedules/{id}/on-calls`.

Source: https://github.com/opsgenie/opsgenie-oas (definitions/whoIsOnCall.yaml)
"""

from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.sandbox.oncall.roster import Roster


def get_on_calls(request: Request, roster: Roster) -> JSONResponse:
    """Return who is on call in a schedule. Second and later levels are nested in an escalation, without a delay."""
    schedule = request.path_params["schedule"]
    shifts = roster.on_call(schedule=schedule)
    first = [_user(one.user) for one in shifts if one.level == 1]
    later = [_user(one.user) | {"escalationTime": 0, "notifyType": "default"} for one in shifts if one.level > 1]
    nested = [{"id": "ESC1", "name": "escalation", "type": "escalation", "onCallParticipants": later}] if later else []
    parent = {"id": schedule, "name": schedule, "enabled": True}
    data = {"_parent": parent, "onCallParticipants": [*first, *nested]}
    return JSONResponse({"data": data, "took": 0.01, "requestId": "00000000-0000-0000-0000-000000000000"})


def _user(id_: str) -> dict[str, object]:
    return {"id": id_, "name": f"{id_.lower()}@example.com", "type": "user"}

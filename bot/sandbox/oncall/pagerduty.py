"""PagerDuty's `GET /oncalls`.

Source: https://github.com/PagerDuty/api-schema (reference/REST/openapiv3.json)
"""

from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.sandbox.oncall.roster import Roster, Shift

USUAL_PAGE = 25


def list_on_calls(request: Request, roster: Roster) -> JSONResponse:
    """Return a page of on-call entries, filtered by schedules and escalation policies if the query names any."""
    query = request.query_params
    schedules, policies = query.getlist("schedule_ids[]"), query.getlist("escalation_policy_ids[]")
    meant = [
        one
        for one in roster.shifts
        if (not schedules or one.schedule in schedules) and (not policies or one.escalation_policy in policies)
    ]
    offset, limit = int(query.get("offset", "0")), min(int(query.get("limit", str(USUAL_PAGE))), roster.page)
    page = meant[offset : offset + limit]
    more = len(meant) > offset + limit
    entries = [_entry(one) for one in page]
    return JSONResponse({"oncalls": entries, "limit": limit, "offset": offset, "more": more, "total": None})


def _entry(shift: Shift) -> dict[str, object]:
    return {
        "user": _reference("user", shift.user),
        "schedule": _reference("schedule", shift.schedule),
        "escalation_policy": _reference("escalation_policy", shift.escalation_policy),
        "escalation_level": shift.level,
        "start": shift.start.isoformat(),
        "end": shift.end.isoformat(),
    }


def _reference(kind: str, id_: str) -> dict[str, str | None]:
    return {"id": id_, "type": f"{kind}_reference", "summary": id_, "self": None, "html_url": None}

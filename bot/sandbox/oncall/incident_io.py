"""incident.io's `GET /v2/schedule_entries`.

Source: https://github.com/incident-io/terraform-provider-incident (internal/client/client.gen.go)
"""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.sandbox.oncall.roster import Roster, Shift

OVERRIDDEN = Shift("PAWAY03")
"""The shift that would apply without the override."""


def list_schedule_entries(request: Request, roster: Roster) -> JSONResponse:
    """Return a page of the schedule entries that overlap with a time window, from every rotation.

    The cursor, `after`, is the `entry_window_start` of the next page. Here it has the form `TIME~OFFSET`.
    """
    query = request.query_params
    begin, _, offset = query["entry_window_start"].partition("~")
    window = datetime.fromisoformat(begin), datetime.fromisoformat(query["entry_window_end"])
    meant = [one for one in roster.on_call(schedule=query["schedule_id"]) if _overlaps(one, *window)]
    at = int(offset or "0")
    final = [_entry(one) for one in meant[at : at + roster.page]]
    lists = {"final": final, "overrides": final, "scheduled": [_entry(OVERRIDDEN)]}
    if len(meant) <= at + roster.page:
        if roster.last_page == "no cursor":
            return JSONResponse({"schedule_entries": lists})
        ends = max((_text(one.end) for one in meant), default="")
        after = {"empty": "", "unchanged": query["entry_window_start"]}.get(roster.last_page, ends)
    else:
        after = f"{begin}~{at + roster.page}"
    elsewhere = str(request.url.include_query_params(entry_window_start=after))
    return JSONResponse({"schedule_entries": lists, "pagination_meta": {"after": after, "after_url": elsewhere}})


def _overlaps(shift: Shift, begin: datetime, end: datetime) -> bool:
    return shift.start <= end and begin <= shift.end


def _entry(shift: Shift) -> dict[str, object]:
    user = {"id": shift.user, "name": shift.user, "email": f"{shift.user.lower()}@example.com", "role": "responder"}
    entry: dict[str, object] = {
        "entry_id": f"E{shift.user}",
        "fingerprint": f"F{shift.user}",
        "rotation_id": f"R{shift.level}",
        "layer_id": "L1",
        "start_at": _text(shift.start),
        "end_at": _text(shift.end),
    }
    return entry | {"user": user | {"slack_user_id": "U0SOMEONE"}} if shift.user else entry


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

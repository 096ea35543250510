"""incident.io: `GET /v2/schedule_entries`, the entries of a schedule that overlap with a window of time.

Source: https://api-docs.incident.io/tag/Schedules-V2, and the client that incident.io generates from its OpenAPI file
(incident-io/terraform-provider-incident, internal/client/client.gen.go)
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import SecretStr

from bot.core.oncall import Provider, Schedule
from bot.oncall.calls import MOST_PAGES, Calls, Observer, OnCallUnavailable, identifier

WINDOW: Final = timedelta(minutes=1)
"""The length of the window that is requested. Only entries that contain its start count."""


def _now() -> datetime:
    return datetime.now(UTC)


class IncidentIo:
    """Reads schedules of incident.io."""

    provider = Provider.INCIDENT_IO

    def __init__(
        self,
        base_url: str,
        token: SecretStr,
        *,
        observer: Observer | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        self.calls = Calls(self.provider, base_url, headers, observer=observer)
        self._now = now

    async def people(self, schedule: Schedule) -> frozenset[str]:
        """Return incident.io's IDs of the people on call now, in any rotation. Raises the errors named in `Adapter`.

        `final` includes overrides. A page's `after` is where the next one starts. `after_url` isn't followed, so that
        the token isn't sent to another address.
        """
        now, found = self._now(), set[str]()
        until = now + WINDOW
        begin, end = now.isoformat(), until.isoformat()
        for _ in range(MOST_PAGES):
            params = [("schedule_id", schedule.id), ("entry_window_start", begin), ("entry_window_end", end)]
            answer = await self.calls.get("/v2/schedule_entries", params)
            entries = [one for one in answer["schedule_entries"]["final"] if _is_now(one, now)]
            found |= {identifier(one["user"]) for one in entries if one.get("user") is not None}
            after = (answer.get("pagination_meta") or {}).get("after") or ""
            if not any(answer["schedule_entries"].values()) or _is_last(after, begin, until):
                return frozenset(found)
            begin = after
        raise OnCallUnavailable(f"{self.provider.label}: it has more than {MOST_PAGES} pages for this schedule.")


def _is_last(after: str, begin: str, until: datetime) -> bool:
    """Return True if no page follows: `after` is empty, unchanged, or a time at or after the end of the window.

    The OpenAPI file describes `after` as the end time of the last entry, and requires it in every `pagination_meta`, so
    the last page may have one, too. A value that isn't a time is an opaque cursor, so another page follows.
    """
    if after in ("", begin):
        return True
    try:
        moment = datetime.fromisoformat(after)
    except ValueError:
        return False
    return moment >= until


def _is_now(entry: Any, now: datetime) -> bool:
    """Return True for an entry that has started and hasn't ended. Raises ValueError, TypeError, LookupError."""
    return datetime.fromisoformat(entry["start_at"]) <= now < datetime.fromisoformat(entry["end_at"])

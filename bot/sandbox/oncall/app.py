"""The on-call services as one application. Each service has its own path prefix."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.oncall import incident_io, opsgenie, pagerduty
from bot.sandbox.oncall.roster import Roster

PREFIX: Final = "/_oncall"
Answer = Callable[[Request, Roster], JSONResponse]


def create_oncall(roster: Roster, token: str) -> Starlette:
    """Return the application. All services accept the same token, each with its own authentication scheme."""
    return Starlette(
        routes=[
            Route(
                f"{PREFIX}/pagerduty/oncalls",
                _guarded(roster, pagerduty.list_on_calls, "authorization", f"Token token={token}"),
            ),
            Route(
                f"{PREFIX}/opsgenie/v2/schedules/{{schedule}}/on-calls",
                _guarded(roster, opsgenie.get_on_calls, "authorization", f"GenieKey {token}"),
            ),
            Route(
                f"{PREFIX}/incident_io/v2/schedule_entries",
                _guarded(roster, incident_io.list_schedule_entries, "authorization", f"Bearer {token}"),
            ),
        ]
    )


def _guarded(roster: Roster, answer: Answer, header: str, wanted: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        roster.calls.append(f"{request.url.path.removeprefix(PREFIX)}?{request.url.query}")
        if roster.seconds:
            await asyncio.sleep(roster.seconds)
        if roster.status:
            # Act like a service that carelessly repeats the credential in its error message.
            return JSONResponse({"error": {"message": f"fault; {header}: {wanted}"}}, roster.status)
        if not hmac.compare_digest(request.headers.get(header, ""), wanted):
            return JSONResponse({"error": {"message": "unauthorized"}}, 401)
        return answer(request, roster)

    return endpoint

"""The endpoints with which tests control the platform. They must be enabled when the platform starts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.platform.calls import Call
from bot.sandbox.platform.catalog import databases, organizations
from bot.sandbox.platform.catalog.problems import Conflict, Invalid, Missing
from bot.sandbox.platform.faults import Fault
from bot.sandbox.platform.seed.bulk import add_databases
from bot.sandbox.platform.seed.spike import Spike, make_spike
from bot.sandbox.platform.turso import Turso

Handler = Callable[[Request], Awaitable[Response]]
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_COUNTS = ("rows_read", "rows_written", "bytes_synced")
_OPTIONS = {"kind", "method", "path", "count", "seconds", "status", "retry_after", "body"}


def routes() -> list[BaseRoute]:
    return [Route(f"/_admin/{path}", _from_here(handler), methods=[method]) for method, path, handler in _table()]


def _table() -> list[tuple[str, str, Handler]]:
    return [
        ("GET", "calls", _calls),
        ("DELETE", "calls", _forget_calls),
        ("GET", "faults", _faults),
        ("POST", "faults", _set_fault),
        ("DELETE", "faults", _clear_faults),
        ("DELETE", "faults/{id:int}", _remove_fault),
        ("POST", "hold", _set_hold),
        ("GET", "hold/{id:int}", _hold),
        ("POST", "hold/{id:int}/release", _release),
        ("POST", "databases", _add_databases),
        ("POST", "groups/{group}/archive", _archive),
        ("POST", "databases/{name}/encryption", _encrypt),
        ("POST", "databases/{name}/spike", _make_spike),
        ("POST", "plan", _subscribe),
        ("GET", "time", _time),
        ("POST", "time", _set_time),
    ]


def _from_here(handler: Handler) -> Handler:
    """Refuse requests from web pages of other hosts, because these endpoints need no token."""

    async def endpoint(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).hostname not in _LOOPBACK:
            return JSONResponse({"error": "only for this machine"}, 403)
        return await handler(request)

    return endpoint


def _turso(request: Request) -> Turso:
    turso: Turso = request.app.state.turso
    return turso


async def _body(request: Request) -> dict[str, Any]:
    body = from_json(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body is an object")
    return body


async def _calls(request: Request) -> Response:
    """List the calls of `?plane=control` (the default), `data` or `all`."""
    plane, calls = request.query_params.get("plane", "control"), _turso(request).calls
    chosen: list[Call] = calls.control() if plane == "control" else calls.data() if plane == "data" else calls.all()
    return JSONResponse({"calls": [call.as_json() for call in chosen]})


async def _forget_calls(request: Request) -> Response:
    _turso(request).calls.clear()
    return JSONResponse({})


async def _faults(request: Request) -> Response:
    return JSONResponse({"faults": [fault.as_json() for fault in _turso(request).faults.all()]})


async def _set_fault(request: Request) -> Response:
    """Set a fault. The body may have the fields of `Fault` from `kind` to `body`."""
    try:
        body = await _body(request)
        if unknown := body.keys() - _OPTIONS:
            raise ValueError(f"a fault has no {min(unknown)}")
        fault = _turso(request).faults.add(**body)
    except (ValueError, TypeError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(fault.as_json())


async def _clear_faults(request: Request) -> Response:
    _turso(request).faults.clear()
    return JSONResponse({})


async def _remove_fault(request: Request) -> Response:
    _turso(request).faults.remove(request.path_params["id"])
    return JSONResponse({})


async def _set_hold(request: Request) -> Response:
    """Hold requests (see `Fault`). The body is `{"method", "path", "count", "when": "before"/"after"}`."""
    try:
        body = await _body(request)
        when = body.pop("when", "before")
        fault = _turso(request).faults.add("hold_after" if when == "after" else "hold_before", **body)
    except (ValueError, TypeError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(fault.as_json())


def _fault_of(request: Request) -> Fault | None:
    return _turso(request).faults.find(request.path_params["id"])


async def _hold(request: Request) -> Response:
    """Return a hold. With `?wait=SECONDS`, first wait until it holds a request, but no longer than that."""
    fault = _fault_of(request)
    if fault is None:
        return JSONResponse({"error": "no such hold"}, 404)
    with suppress(TimeoutError):
        await asyncio.wait_for(fault.arrived.wait(), float(request.query_params.get("wait", "0")) or 0.001)
    return JSONResponse(fault.as_json())


async def _release(request: Request) -> Response:
    fault = _fault_of(request)
    if fault is None:
        return JSONResponse({"error": "no such hold"}, 404)
    fault.released.set()
    return JSONResponse(fault.as_json())


async def _add_databases(request: Request) -> Response:
    """Add databases with some usage, at most 100,000. The body is `{"count": N}`."""
    try:
        add_databases(_turso(request), min(int((await _body(request))["count"]), 100_000))
    except (ValueError, TypeError, KeyError, Conflict) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({})


async def _archive(request: Request) -> Response:
    """Archive a group, as Turso does after ten days without use.

    The group's databases don't respond until it is unarchived.
    """
    try:
        await _turso(request).archive(_organization(request), request.path_params["group"])
    except Missing as error:
        return JSONResponse({"error": str(error)}, 404)
    return JSONResponse({})


async def _encrypt(request: Request) -> Response:
    """Mark a database as encrypted with a customer's key: `{"cipher": "aes256gcm"}`.

    From then on, it can't be copied, because the platform doesn't support encryption.
    """
    turso = _turso(request)
    try:
        cipher = str((await _body(request))["cipher"])
        await turso.change(databases.encrypt, _organization(request), request.path_params["name"], cipher)
    except (ValueError, KeyError) as error:
        return JSONResponse({"error": str(error)}, 400)
    except Missing as error:
        return JSONResponse({"error": str(error)}, 404)
    return JSONResponse({})


async def _subscribe(request: Request) -> Response:
    """Set the plan, or quotas that replace the plan's own, or both: `{"plan": "starter", "quotas": {…}}`."""
    turso = _turso(request)
    try:
        body = await _body(request)
        plan, quotas = body.get("plan"), body.get("quotas")
        changed = await turso.change(organizations.subscribe, _organization(request), plan=plan, quotas=quotas)
        await turso.enforce_quotas()
    except (ValueError, TypeError, AttributeError, Invalid) as error:
        return JSONResponse({"error": str(error)}, 400)
    except Missing as error:
        return JSONResponse({"error": str(error)}, 404)
    return JSONResponse(changed.plan.shape())


async def _make_spike(request: Request) -> Response:
    """Record heavy usage of a database, without running anything.

    The body is `{"query": "SELECT …", "rows_read": N, "rows_written": N, "bytes_synced": N}`.
    """
    turso = _turso(request)
    try:
        body = await _body(request)
        read, written, synced = (_count(body, name) for name in _COUNTS)
        spike = Spike(read, written, synced, str(body.get("query", Spike.query)))
        await make_spike(turso, _organization(request), request.path_params["name"], spike)
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)
    except Missing as error:
        return JSONResponse({"error": str(error)}, 404)
    return JSONResponse({})


def _count(body: dict[str, Any], name: str) -> int:
    value = body.get(name, 0)
    if not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{name} is a number")
    return value


def _organization(request: Request) -> str:
    """Return the organization in `?organization=`, or the one that the platform was created with."""
    return request.query_params.get("organization", _turso(request).organization)


async def _time(request: Request) -> Response:
    clock = _turso(request).clock
    return JSONResponse({"time": clock.time(), "offset": clock.offset.total_seconds()})


async def _set_time(request: Request) -> Response:
    """Set the clock to the machine's time plus `{"offset": SECONDS}`."""
    try:
        _turso(request).clock.offset = timedelta(seconds=float((await _body(request))["offset"]))
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return await _time(request)

"""The data plane's endpoints under `/db/NAME/`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.sandbox.platform.bodies import TooLarge, read_body
from bot.sandbox.platform.catalog.problems import Missing
from bot.sandbox.platform.hrana import wire
from bot.sandbox.platform.hrana.access import Denied, archived, check_token
from bot.sandbox.platform.hrana.cursor import line, run_cursor
from bot.sandbox.platform.hrana.dump import dump
from bot.sandbox.platform.hrana.errors import BadRequest, StatementError, StreamExpired, TooManyStreams
from bot.sandbox.platform.hrana.requests import answer_pipeline
from bot.sandbox.platform.hrana.served import Served
from bot.sandbox.platform.hrana.stream import Stream
from bot.sandbox.platform.turso import Turso

Handler = Callable[[Request], Awaitable[Response]]
_EXPIRED = {"message": "The stream has expired due to inactivity", "code": "STREAM_EXPIRED"}
_BUSY = {"error": "too many open streams", "message": "too many open streams", "code": "TRANSACTION_BUSY"}


def routes() -> list[BaseRoute]:
    """Return the endpoints below a database's name."""
    return [
        Route("/{name}/v2/pipeline", _guarded(_pipeline), methods=["POST"]),
        Route("/{name}/v3/pipeline", _guarded(_pipeline), methods=["POST"]),
        Route("/{name}/v3/cursor", _guarded(_cursor), methods=["POST"]),
        Route("/{name}/dump", _guarded(_dump), methods=["GET"]),
        Route("/{name}/v2", _guarded(_probe), methods=["GET"]),
        Route("/{name}/v3", _guarded(_probe), methods=["GET"]),
        Route("/{name}/health", _guarded(_health), methods=["GET"]),
    ]


def _guarded(handler: Handler) -> Handler:
    """Wrap a handler so that each kind of error becomes a response."""

    async def endpoint(request: Request) -> Response:
        turso: Turso = request.app.state.turso
        await turso.tick()
        try:
            return await _journaled(turso, handler(request))
        except Missing:
            name = request.path_params["name"]
            return JSONResponse({"error": f"Namespace `{name}` doesn't exist"}, 404)
        except Denied as denied:
            return JSONResponse(denied.as_json(), denied.status)
        except BadRequest as error:
            return PlainTextResponse(str(error), 400)
        except StreamExpired:
            return JSONResponse(_EXPIRED, 400)
        except TooManyStreams:
            return JSONResponse(_BUSY, 503, {"retry-after": "1"})
        except TooLarge:
            return JSONResponse({"error": "request body is too large", "message": "request body is too large"}, 413)
        except ClientDisconnect:
            return Response(status_code=400)

    return endpoint


async def _journaled(turso: Turso, answering: Awaitable[Response]) -> Response:
    """Wait for a response, and write the measured usage to the journal, so that a killed process loses none of it."""
    try:
        return await answering
    finally:
        turso.meter.write_journal()


async def _serve(request: Request) -> Served:
    """Return the database that a request names.

    Raises:
        Missing: it doesn't exist, has no primary, or isn't ready yet.
        Denied: its group is archived.
    """
    turso: Turso = request.app.state.turso
    name, _, organization = request.path_params["name"].partition(".")
    target = await turso.target(organization or turso.organization, name)
    if target.primary is None or target.database.ready_at > turso.clock.time():
        raise Missing(name)
    if target.database.archived:
        raise archived(target.database.group)
    return turso.plane.serve(target.database, target.primary)


def _is_read_only(request: Request, served: Served) -> bool:
    """Check the request's token, and return True if it is read-only. Raises Denied."""
    turso: Turso = request.app.state.turso
    now = turso.clock.time()
    return check_token(
        request.headers.get("authorization"),
        served.database,
        turso.verifier,
        now=now,
        generation=turso.generation,
        retired=turso.retired.of(served.database.id, now),
    )


async def _stream(turso: Turso, served: Served, baton: str | None, *, read_only: bool) -> Stream:
    streams = turso.plane.streams
    stream = await streams.resume(baton, served) if baton else streams.new(served)
    stream.begin_request(read_only=read_only)
    return stream


async def _pipeline(request: Request) -> Response:
    turso: Turso = request.app.state.turso
    served = await _serve(request)
    with served.in_use():
        read_only = _is_read_only(request, served)
        body = await read_body(request, turso.plane.limits.body_bytes)
        version = 3 if "/v3/" in request.url.path else 2
        pipeline = wire.read_pipeline(body, version)
        stream = await _stream(turso, served, pipeline.baton, read_only=read_only)
        try:
            results = await turso.plane.run(stream, answer_pipeline(stream, pipeline.requests))
        except BaseException:
            await turso.plane.discard(stream)
            raise
        baton = turso.plane.streams.pause(stream)
    quoted = b"null" if baton is None else b'"' + baton.encode() + b'"'
    answer = b'{"baton":' + quoted + b',"base_url":null,"results":' + results + b"}"
    return Response(answer, media_type="application/json")


async def _cursor(request: Request) -> Response:
    turso: Turso = request.app.state.turso
    served = await _serve(request)
    with served.in_use():
        read_only = _is_read_only(request, served)
        cursor = wire.read_cursor(await read_body(request, turso.plane.limits.body_bytes))
        stream = await _stream(turso, served, cursor.baton, read_only=read_only)
        try:
            # An unknown ID of a stored text must be reported before the response starts.
            for step in cursor.steps:
                stream.sql(step.statement.text)
        except BadRequest:
            await turso.plane.discard(stream)
            raise
    return StreamingResponse(_lines(turso, stream, cursor.steps), media_type="text/plain")


async def _lines(turso: Turso, stream: Stream, steps: tuple[wire.Step, ...]) -> AsyncIterator[bytes]:
    """Yield the lines of a cursor's response.

    The last part is sent only after the stream is paused, because the client may continue the stream as soon as it has
    that part.
    """
    plane, is_paused = turso.plane, False
    with stream.served.in_use():
        try:
            held = line({"baton": plane.streams.keep(stream), "base_url": None})
            async with aclosing(plane.chunks(stream, run_cursor(stream, steps))) as chunks:
                async for chunk in chunks:
                    turso.meter.write_journal()
                    yield held
                    held = chunk
            plane.streams.pause(stream)
            is_paused = True
            turso.meter.write_journal()
            yield held
        finally:
            if not is_paused:
                await plane.discard(stream)


async def _dump(request: Request) -> Response:
    turso: Turso = request.app.state.turso
    served = await _serve(request)
    with served.in_use():
        stream = await _stream(turso, served, None, read_only=_is_read_only(request, served))
        try:
            return PlainTextResponse(await turso.plane.on_thread(dump, stream))
        except StatementError as error:
            return JSONResponse(error.wire | {"error": str(error)}, 403)
        finally:
            await turso.plane.discard(stream)


async def _probe(request: Request) -> Response:
    await _serve(request)
    return PlainTextResponse("Hello, this is HTTP API v2 and v3 (Hrana)")


async def _health(request: Request) -> Response:
    await _serve(request)
    return Response()

"""uvicorn calls the methods of our protocol class, and without `capture_signals` it replaces no signal handlers."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Noting(HttpToolsProtocol):
    """A protocol class that records the callbacks on which the bot's limits rely."""

    notes: list[Any]

    def data_received(self, data: bytes) -> None:
        self.notes.append("data")
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self.notes.append("headers")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.notes += ["message", len(self.connections), len(self.pipeline), self.loop is asyncio.get_running_loop()]
        super().on_message_complete()
        self.notes += [self.cycle.response_complete, self.transport.is_closing()]

    def on_response_complete(self) -> None:
        self.notes.append("response")
        super().on_response_complete()


class Server(uvicorn.Server):
    """A server that installs no signal handlers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def app(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def test_the_callbacks_of_a_protocol_class_see_each_request() -> None:
    notes: list[Any] = []
    before = signal.getsignal(signal.SIGTERM)
    server = Server(
        uvicorn.Config(
            app,
            port=0,
            http=type("P", (Noting,), {"notes": notes}),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    answer = await reader.readuntil(b"\r\n\r\nok")
    writer.close()
    assert signal.getsignal(signal.SIGTERM) is before
    server.should_exit = True
    await asyncio.wait_for(serving, 5)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"server:" not in answer.lower()
    # one connection, no pipelined request, in the event loop, no response yet, still open
    on_message_complete = [1, 0, True, False, False]
    assert notes == ["data", "headers", "message", *on_message_complete, "response"]

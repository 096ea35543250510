"""httpx over aiohttp: the same exceptions as httpx's own transport, and one kept connection."""

import asyncio

import httpx
import pytest
from httpx_aiohttp import HttpxAiohttpClient


class Server:
    """A server that sends the same bytes for each request. Without bytes, it doesn't answer."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.connections = 0

    async def __aenter__(self) -> str:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                if not self.answer:
                    await asyncio.sleep(5)
                writer.write(self.answer)
                await writer.drain()
                if b"Content-Length" not in self.answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kind: a\r\n\r\nok"


async def test_answers_arrive_over_one_kept_connection() -> None:
    server = Server(OK)
    async with server as url, HttpxAiohttpClient(base_url=url, headers={"Authorization": "Bearer x"}) as client:
        answers = [await client.get("/v1/databases", params={"group": "a"}) for _ in range(3)]

    assert [(one.status_code, one.content, one.headers["x-kind"]) for one in answers] == [(200, b"ok", "a")] * 3
    assert answers[0].request.url.query == b"group=a"
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(b"", httpx.ReadTimeout, id="no answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-", httpx.TransportError, id="half an answer"),
    ],
)
async def test_a_failure_is_an_exception_of_httpx(answer: bytes, error: type[Exception]) -> None:
    timeout = httpx.Timeout(0.3, connect=1)
    async with Server(answer) as url, HttpxAiohttpClient(base_url=url, timeout=timeout) as client:
        with pytest.raises(error):
            await client.get("/")


async def test_a_refused_connection_is_an_error_of_connecting() -> None:
    async with Server(OK) as url:
        pass
    async with HttpxAiohttpClient(base_url=url) as client:
        with pytest.raises((httpx.ConnectError, httpx.ConnectTimeout)):
            await client.get("/")

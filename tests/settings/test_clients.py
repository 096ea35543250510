"""Every client uses the proxy that `proxy_of` chooses, and trusts the same certificates."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app.audit_stream.receivers import Batch, NotReceived, WebhookReceiver
from bot.errors import Unavailable
from bot.settings.certificates import new_tls_context, tls_context
from bot.slack.background_tasks import TaskKeeper
from bot.slack.incoming.bolt import create_bolt
from bot.slack.incoming.socket_mode import SocketRunner
from bot.slack.lookups.installation import Workspace
from bot.slack.outgoing.web_api import SlackCalls, SlackTrouble, new_session, web_client
from bot.turso.errors import NotSent, TursoUnavailable
from bot.turso.http import connect
from tests.settings.certificate import self_signed
from tests.world import until

TOKEN = SecretStr("canary")


class Proxy:
    """An HTTP proxy that records the method and the address of each request, and refuses it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readline()).decode().rsplit(" ", 1)[0])
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Proxy"]:
        """Accept connections inside the `with` block."""
        async with await asyncio.start_server(self._take, "127.0.0.1", 0) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the machine's own proxies and certificates from these tests."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def nothing(*_: Any) -> None:
    """Ignore the observation of a call."""


async def every_client(slack: str, turso: str) -> list[Exception]:
    """Call Slack's Web API, a `response_url`, Turso for a read and for a change, and the receiver of the audit log.

    All calls must fail. Returns the errors of the calls to Slack and Turso.
    """
    raised: list[Exception] = []
    session = new_session()
    async with session, connect(turso, TOKEN, "acme") as client:
        calls = SlackCalls(web_client(session, "xoxb-canary", f"{slack}/api/", nothing), nothing)
        for call in (
            calls.call("auth.test"),
            calls.respond(f"{slack}/commands/x", {}),
            client.validate(),
            client.destroy_database("orders"),
        ):
            with pytest.raises((SlackTrouble, TursoUnavailable)) as refused:
                await call
            raised.append(refused.value)
    receiver = WebhookReceiver(turso.replace("turso", "receiver"), "0123456789abcdef0123456789")
    with pytest.raises(NotReceived):
        await receiver.send(Batch(1, 1, ["{}"]), datetime.now(UTC))
    await receiver.close()
    return raised


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
async def test_each_client_uses_the_proxy_for_its_address(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    async with Proxy().open() as proxy:
        monkeypatch.setenv(variable, proxy.url)

        await every_client("https://slack.test", "https://turso.test")

        hosts = ("slack.test", "turso.test", "receiver.test")
        assert set(proxy.asked) == {f"CONNECT {host}:443" for host in hosts}
        assert proxy.asked.count("CONNECT slack.test:443") >= 2
        assert proxy.asked.count("CONNECT turso.test:443") >= 2


async def test_a_socket_mode_connection_uses_the_proxy_for_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's Web API is reached directly here, and returns the address of the connection."""
    body = json.dumps({"ok": True, "url": "wss://wss.test/link/?ticket=canary"})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(f"{head}connection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0) as slack,
        Proxy().open() as proxy,
        Proxy().open() as other,
    ):
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        # aiohttp would use this variable if the bot didn't choose the proxy
        monkeypatch.setenv("HTTP_PROXY", other.url)
        url = f"http://127.0.0.1:{slack.sockets[0].getsockname()[1]}/api/"
        session = new_session()
        async with session:
            calls = SlackCalls(web_client(session, "xoxb-canary", url, nothing), nothing)
            bolt = create_bolt(lambda _: None, Workspace(calls))
            runner = SocketRunner(bolt, "xapp-canary", calls, TaskKeeper())
            runner.start()
            await until(lambda: proxy.asked, what="the connection")
            await runner.close()

    assert set(proxy.asked) == {"CONNECT wss.test:443"}
    assert other.asked == []


async def test_addresses_with_http_use_the_proxy_of_http_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy().open() as proxy, Proxy().open() as other:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", other.url)

        await every_client("http://slack.test", "http://turso.test")

        assert {one.split()[1].split("/")[2] for one in proxy.asked} == {"slack.test", "turso.test", "receiver.test"}
        assert other.asked == []


@pytest.mark.parametrize(
    "exceptions", ["slack.test,turso.test,receiver.test", "*", ".test"], ids=["by name", "all", "by their domain"]
)
async def test_an_exception_applies_to_every_client(monkeypatch: pytest.MonkeyPatch, exceptions: str) -> None:
    async with Proxy().open() as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", f"fd00::/8,[::1],{exceptions}")

        await every_client("https://slack.test", "https://turso.test")

        assert proxy.asked == []


async def test_the_error_about_an_untrusted_certificate_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = self_signed(tmp_path)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(own)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=serving) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        asked, _, read, changed = await every_client(url, url)

        assert isinstance(asked, SlackTrouble)
        assert asked.code == "certificate"
        assert isinstance(changed, NotSent)
        for error in (read, changed):
            assert "certificate isn't trusted" in str(error)
            assert "SSL_CERT_FILE" in str(error)
        session = new_session()
        async with session:
            workspace = Workspace(SlackCalls(web_client(session, "xoxb-canary", f"{url}/api/", nothing), nothing))
            with pytest.raises(Unavailable, match=r"Slack.s certificate isn't trusted\. Set SSL_CERT_FILE"):
                await workspace.check()

        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        trusted = await every_client(url, url)

        assert not [error for error in trusted if "certificate" in str(error)]


def test_on_a_machine_without_certificates_those_of_mozilla_are_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)

    assert len(new_tls_context().get_ca_certs()) > 50
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert tls_context().get_ca_certs() == []
    assert tls_context() is tls_context(), "the certificates are read once"

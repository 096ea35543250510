"""Forged and replayed requests: replies to foreign addresses, replays, odd bodies, and texts that may be slow."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.core.requests.request import State
from bot.slack.outgoing.response_urls import ResponseUrls
from bot.slack.outgoing.web_api import SlackCalls
from tests.security import stage
from tests.store.samples import incoming
from tests.world import ANA, DANA, DB_OPS, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Inner:
    """A service that can be reached only from the bot's network."""

    port: int
    asked: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def inner_service(answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") -> AsyncIterator[Inner]:
    """Run a server that records everything that is sent to it."""
    inner = Inner(0)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner.asked.append(await reader.readline())
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    inner.port = server.sockets[0].getsockname()[1]
    try:
        yield inner
    finally:
        server.close()


ADDRESSES = [
    "http://{inner}/admin",
    "http://hooks.slack.com@{inner}/",
    "https://hooks.slack.com:443@{inner}/",
    "http://{inner}/?https://hooks.slack.com/commands/T0/1/x",
    "http://{inner}#https://hooks.slack.com/",
    "{origin}@{inner}/",
    "{origin}.{inner}/",
    " {origin}@{inner}/",
    "//{inner}/",
    "http:\\\\{inner}\\",
    "HTTP://{inner}/",
    "file:///etc/passwd",
    "gopher://{inner}/",
    "https://hooks.slack.com.example.com/x",
    "https://hooks.slack.comx/x",
]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_answer_is_sent_only_to_slacks_addresses(world: World, address: str) -> None:
    async with inner_service() as inner:
        forged = address.format(inner=f"127.0.0.1:{inner.port}", origin=world.workspace.origin)

        answer = await stage.answer_to(
            world, DANA, world.workspace.deliver(stage.command(world, "whoami", response_url=forged))
        )

        assert "developer" in words(answer) or DANA in words(answer)
        assert not inner.asked
    urls = ResponseUrls(world.workspace.api_url)
    urls.keep(incoming(1, response_url=forged))
    assert len(urls) == 0


async def test_an_answer_follows_no_redirect() -> None:
    async with inner_service() as inner:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{inner.port}/\r\nContent-Length: 0\r\n\r\n"
        async with inner_service(moved.encode()) as slack:
            calls = _calls(f"http://127.0.0.1:{slack.port}/api/")
            async with calls as one:
                with pytest.raises(Exception, match="http_307"):
                    await one.respond(f"http://127.0.0.1:{slack.port}/commands/x", {"text": "hello"})
            assert slack.asked
        assert not inner.asked


@asynccontextmanager
async def _calls(api_url: str) -> AsyncIterator[SlackCalls]:
    from bot.slack.outgoing.web_api import new_session, web_client

    async with new_session() as session:
        yield SlackCalls(web_client(session, "xoxb-none", api_url, lambda *_: None), lambda *_: None)


async def test_a_response_url_is_used_only_for_its_own_intent() -> None:
    urls, own = ResponseUrls("https://slack.com/api/"), "https://hooks.slack.com/commands/T0/1/x"
    one = incoming(1, response_url=own)
    urls.keep(one)

    assert urls.use(None) is None
    assert urls.use("i-anotherone") is None
    assert urls.use(one.id) == own


async def test_a_replayed_vote_counts_once(world: World) -> None:
    card = await world.person(DANA).types("/turso rotate alpha --reason leak")
    await world.person(ANA).presses_and_reads("Approve", card)
    overheard = next(one for one in reversed(world.workspace.deliveries) if one.kind == "block_actions")

    for _ in range(3):
        assert (await stage.again(world, overheard)).status_code == 200
    await world.wait_until_idle()

    assert [vote.user_id for vote in (await stage.request_of(world, card)).votes] == [ANA]
    await world.person(DANA).presses_and_reads("Withdraw", card)


async def test_a_replayed_command_or_form_changes_nothing_again(world: World) -> None:
    await world.person(DANA).types("/turso db create once")
    created = next(one for one in reversed(world.workspace.deliveries) if one.kind == "slash_commands")
    card = await world.person(DANA).types("/turso db protect bravo on --reason care")
    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": "bravo"})
    submitted = next(one for one in reversed(world.workspace.deliveries) if one.kind == "view_submission")
    await stage.reaches(world, card, State.SUCCEEDED)
    before = stage.changing_calls(world)

    for overheard in (created, submitted):
        assert (await stage.again(world, overheard)).status_code == 200
    await world.wait_until_idle()

    assert stage.changing_calls(world) == before


async def test_a_request_that_is_old_changed_or_wrongly_signed_does_nothing(world: World) -> None:
    now = int(time.time())
    body = stage.form(command="/turso", text="db create evil", user_id=DANA, channel_id=DB_OPS, team_id="T0ACME")
    before = stage.changing_calls(world)

    good = stage.signed_at(world, body, now)
    nothing = stage.form(command="/turso", text="help", user_id=DANA, channel_id=DB_OPS, team_id="T0ACME")
    assert (await stage.posted(world, nothing, stage.signed_at(world, nothing, now))).status_code == 200
    for sent, headers in (
        (body, stage.signed_at(world, body, now, secret="another-secret")),
        (body, stage.signed_at(world, body, now - 301)),
        (body, stage.signed_at(world, body, now + 310)),
        (body.replace(b"evil", b"evel"), good),
        (body, good | {"X-Slack-Request-Timestamp": str(now - 1)}),
        (body, good | {"X-Slack-Signature": ""}),
        (body, good | {"X-Slack-Signature": "v0="}),
        (body, good | {"X-Slack-Signature": good["X-Slack-Signature"].upper()}),
        (body, good | {"X-Slack-Request-Timestamp": f"{now}.0"}),
        (body, good | {"X-Slack-Request-Timestamp": "9" * 400}),
        (body + b"&ssl_check=1", good),
        (b"ssl_check=1&" + body, {"Content-Type": stage.FORM}),
    ):
        answer = await stage.posted(world, sent, headers)
        # Slack's check of a certificate isn't signed. It gets an empty response.
        assert answer.status_code == 401 or (b"ssl_check" in sent and answer.status_code == 200 and not answer.content)
    await world.wait_until_idle()

    assert stage.changing_calls(world) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"payload=" + b"%5B" * 60_000, 400),
        (b'payload={"type":"block_actions","user":{"id":"U0DANA"},"actions":' + b"[" * 50_000, 400),
        (b"payload=" + b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400),
        (b"command=/turso&text=" + b"x" * 300_000, 413),
        (b"command=/turso&" + b"a=b&" * 50_000, 200),
        (b"\xff\xfe" * 1000, 400),
        (b"command=/turso&text=%00%ff%fe&user_id=%00&channel_id=", 200),
    ],
    ids=["many brackets", "an open list", "deep", "too large", "many fields", "no UTF-8", "nothing in it"],
)
async def test_no_signed_body_of_any_size_or_depth_breaks_anything(world: World, body: bytes, status: int) -> None:
    started = time.perf_counter()

    answer = await stage.posted(world, body, stage.signed_at(world, body, int(time.time())))

    assert answer.status_code == status
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "text",
    ["show " + "a" * 5000, "—" * 4000, '"a"b ' * 799, "show alpha --reason " + "<" * 3900, "ls " + "[*" * 1000],
    ids=["too long", "dashes", "quotes", "brackets", "a hard glob"],
)
async def test_no_text_takes_long_to_answer(world: World, text: str) -> None:
    started = time.perf_counter()

    await world.person(DANA).types(f"/turso {text}")

    assert time.perf_counter() - started < 8

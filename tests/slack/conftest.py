"""Fixtures: the whole Slack gateway, connected to a fake Slack and a fake pipeline."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import structlog
from slack_bolt.async_app import AsyncApp
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from bot.core.ports import Ack, Work
from bot.core.requests.incoming import Incoming
from bot.oncall import Schedules
from bot.slack.background_tasks import TaskKeeper
from bot.slack.incoming.bolt import create_bolt
from bot.slack.incoming.http import create_asgi
from bot.slack.incoming.listeners import Listeners
from bot.slack.incoming.signing_secrets import SigningSecrets
from bot.slack.lookups.directory import SlackDirectory
from bot.slack.lookups.installation import Workspace
from bot.slack.outgoing.channel_pacing import ChannelPacing
from bot.slack.outgoing.delivery import Delivery
from bot.slack.outgoing.response_urls import ResponseUrls
from bot.slack.outgoing.web_api import SlackCalls, new_session, web_client

from .requests import FORM, SECRET, payload, signed
from .stub import TOKEN, SlackStub


class FixedClock:
    """A clock that doesn't move."""

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class PipelineStub:
    """A fake request pipeline. It records what it gets, and behaves as a test tells it."""

    received: list[Incoming] = field(default_factory=list)
    worked: list[str] = field(default_factory=list)
    """The IDs of the commands, presses, shortcuts and mentions whose work has begun."""
    typed: list[str] = field(default_factory=list)
    """What people typed into menus."""
    before: Callable[[Incoming], Any] | None = None
    """Called with each request before it is answered, except an opened Home tab."""
    work: Callable[[Incoming], Any] | None = None
    """Called with each request whose work has begun."""
    answer: Ack = field(default_factory=Ack)
    """The answer to every submitted form."""
    offered: list[dict[str, Any]] = field(default_factory=list)
    """The options of every menu."""

    async def before_ack(self, incoming: Incoming) -> Work | None:
        self.received.append(incoming)
        if self.before:
            await self.before(incoming)

        async def work() -> None:
            self.worked.append(incoming.id)
            if self.work:
                await self.work(incoming)

        return work

    async def submission(self, incoming: Incoming) -> Ack:
        self.received.append(incoming)
        if self.before:
            await self.before(incoming)
        return self.answer

    async def options(self, incoming: Incoming, typed: str) -> list[dict[str, Any]]:
        self.received.append(incoming)
        self.typed.append(typed)
        if self.before:
            await self.before(incoming)
        return self.offered

    async def home_opened(self, incoming: Incoming) -> None:
        self.received.append(incoming)


@dataclass
class Gateway:
    """The parts of the Slack gateway, the fake Slack and the fake pipeline."""

    slack: SlackStub
    pipeline: PipelineStub
    calls: SlackCalls
    urls: ResponseUrls
    workspace: Workspace
    directory: SlackDirectory
    delivery: Delivery
    tasks: TaskKeeper
    listeners: Listeners
    app: AsyncApp
    http: httpx.AsyncClient
    seen: list[tuple[str, str]]
    """The method and the status of each call to Slack that was counted for the metrics."""

    async def send(self, body: bytes, content_type: str = FORM) -> httpx.Response:
        """Send a signed request to the gateway, and wait until all its tasks have ended. Returns the response."""
        answer = await self.http.post("/slack/events", content=body, headers=signed(body, content_type))
        assert await self.tasks.drain(5)
        return answer

    def only(self) -> Incoming:
        """Return the only `Incoming` that reached the fake pipeline."""
        assert len(self.pipeline.received) == 1
        return self.pipeline.received[0]

    async def interact(self, value: Any) -> httpx.Response:
        """Send an interactive payload, such as a press, a submitted form or a shortcut."""
        return await self.send(payload(value))

    async def event(self, value: Any) -> httpx.Response:
        """Send an event in its envelope, as JSON."""
        return await self.send(json.dumps(value).encode(), "application/json")


@pytest.fixture
async def slack() -> AsyncIterator[SlackStub]:
    stub = SlackStub()
    await stub.start()
    yield stub
    await stub.close()


@pytest.fixture(autouse=True)
def _structlog_of_a_new_process() -> Iterator[None]:
    """Undo the logging setup of earlier tests, so that every log line is captured."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.fixture
async def gateway(slack: SlackStub) -> AsyncIterator[Gateway]:
    seen: list[tuple[str, str]] = []

    def observe(method: str, status: str, seconds: float) -> None:
        seen.append((method, status))

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("alive")

    session = new_session()
    calls = SlackCalls(web_client(session, TOKEN, slack.api_url, observe), observe)
    workspace = Workspace(calls)
    await workspace.check()
    urls, tasks, pipeline = ResponseUrls(slack.api_url), TaskKeeper(), PipelineStub()
    directory = SlackDirectory(calls, workspace, schedules=Schedules([], dict))
    delivery = Delivery(calls, urls, secrets=("the-signing-secret",), pace=ChannelPacing(0))
    listeners = Listeners(
        pipeline, delivery, clock=FixedClock(), tasks=tasks, urls=urls, workspace=workspace, directory=directory
    )
    app = create_bolt(listeners.handler_of, workspace)
    asgi = create_asgi(app, SigningSecrets([SECRET]), {"/healthz": page})
    slack.calls.clear()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://bot") as http:
        yield Gateway(slack, pipeline, calls, urls, workspace, directory, delivery, tasks, listeners, app, http, seen)
    await session.close()

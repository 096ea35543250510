"""Slack Bolt: a middleware that runs after Bolt's own gets parsed bodies and can respond to every request."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

Handle = Callable[[AsyncBoltRequest], Awaitable[BoltResponse | None]]
COMMAND = {"command": "/turso", "text": "ls", "user_id": "U0ANA", "team_id": "T0ACME"}


class Last(AsyncMiddleware):
    """A middleware that is added with `use`. It records the body of each request that it gets."""

    def __init__(self, handle: Handle | None) -> None:
        self.handle = handle
        self.bodies: list[Any] = []

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002
    ) -> BoltResponse | None:
        self.bodies.append(req.body)
        return await (self.handle(req) if self.handle else next())


async def authorize(**_: Any) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T0ACME", bot_user_id="U0BOT", bot_id="B0BOT")


def app_with(last: Last) -> AsyncApp:
    """Return a Bolt app to which only this middleware was added."""
    app = AsyncApp(
        client=AsyncWebClient(), signing_secret="", request_verification_enabled=False, authorize=authorize,
        attaching_function_token_enabled=False, attaching_conversation_kwargs_enabled=False,
    )  # fmt: skip
    app.use(last)
    return app


async def dispatch(last: Last, body: dict[str, Any]) -> BoltResponse:
    return await app_with(last).async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        pytest.param({}, "", id="nothing"),
        pytest.param({"text": {"response_action": "clear"}}, {"response_action": "clear"}, id="an object"),
        pytest.param({"options": []}, {"options": []}, id="options"),
    ],
)
async def test_an_acknowledgement_by_a_middleware_is_the_response(arguments: dict[str, Any], sent: object) -> None:
    async def handle(req: AsyncBoltRequest) -> BoltResponse | None:
        await req.context.ack(**arguments)
        return req.context.ack.response

    response = await dispatch(Last(handle), COMMAND)

    assert response.status == 200
    assert (json.loads(response.body) if response.body.startswith("{") else response.body) == sent


async def test_a_parsed_body_is_passed_on_unchanged() -> None:
    last = Last(None)
    body = COMMAND | {"text": "show payload-db"}

    await dispatch(last, body)

    assert last.bodies == [body]
    assert last.bodies[0] is body


async def test_an_unanswered_or_failed_request_gets_an_error_status() -> None:
    async def fail(_: AsyncBoltRequest) -> BoltResponse | None:
        raise RuntimeError

    async def forget(_: AsyncBoltRequest) -> BoltResponse | None:
        return None

    assert (await dispatch(Last(None), COMMAND)).status == 404
    assert (await dispatch(Last(forget), COMMAND)).status == 404
    assert (await dispatch(Last(fail), COMMAND)).status == 500


async def test_bolts_own_middleware_runs_before_one_that_is_added() -> None:
    last = Last(None)

    address = await dispatch(last, {"type": "url_verification", "challenge": "abc"})
    own = {"type": "message", "user": "U0BOT", "channel": "C1", "ts": "1.2", "text": "mine"}
    ignored = await dispatch(last, {"type": "event_callback", "team_id": "T0ACME", "event": own})

    assert json.loads(address.body) == {"challenge": "abc"}
    assert ignored.status == 200
    assert last.bodies == []


async def test_several_response_urls_need_a_logger_in_the_context() -> None:
    urls = [{"response_url": "https://hooks.slack.com/a"}, {"response_url": "https://hooks.slack.com/b"}]

    with pytest.raises((AttributeError, KeyError)):
        AsyncBoltRequest(mode="socket_mode", body={"response_urls": urls})

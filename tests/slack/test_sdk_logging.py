"""Slack's libraries log whole requests. The bot's log contains none of these lines and no secret, even at DEBUG."""

import logging

import pytest

from bot.core.reply import Reply
from bot.errors import Unavailable
from bot.slack.sdk_logging import bolt_logger, cap_sdk_loggers, sdk_logger

from .addresses import HERE, JWT, keep
from .conftest import Gateway
from .requests import click, command, payload, signed, submission
from .stub import TOKEN, refused

SECTION = {"type": "section", "text": {"type": "plain_text", "text": JWT}}


async def test_no_secret_reaches_the_log_at_debug(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    cap_sdk_loggers()
    url = gateway.slack.response_url("a-bearer-secret")
    keep(gateway, url=url)
    assert await gateway.delivery.reveal(HERE, Reply(text="Your token", blocks=[SECTION], secret=True))
    gateway.slack.answers["chat.postEphemeral"] = [refused("not_in_channel")]
    await gateway.delivery.send_ephemeral(HERE, Reply(text="x", blocks=[SECTION]))
    await gateway.delivery.post("C0DBOPS", Reply(text=f"say {JWT}"))
    await gateway.send(command("token orders", response_url=url))
    await gateway.interact(click(response_url=url))
    await gateway.interact({**submission(), "response_urls": [{"response_url": url}]})
    for body in (payload([1]), payload({"type": "new", "response_url": url}), command(JWT)):
        await gateway.http.post("/slack/events", content=body, headers=signed(body))
        await gateway.http.post("/slack/events", content=body, headers=signed(body, secret="another"))
    await gateway.slack.close()
    with pytest.raises(Unavailable):
        await gateway.delivery.send_ephemeral(HERE, Reply(text=f"say {JWT}"))
    logging.getLogger("a_library").debug("a line at DEBUG")
    logged = "\n".join(
        f"{one.name} {one.getMessage()} {one.exc_text or ''} {one.exc_info or ''}" for one in caplog.records
    )
    assert "a line at DEBUG" in logged
    logged += capsys.readouterr().out
    assert "hid a part of a message" in logged, "the bot's own log, which structlog prints"
    for secret in (JWT, TOKEN, "a-bearer-secret", "the-signing-secret"):
        assert secret not in logged, secret


def test_a_line_of_slacks_libraries_with_a_body_is_dropped_and_others_lose_address_and_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in (sdk_logger(), bolt_logger()):
        logger.debug("Sending a request - url: https://hooks.slack.com/x, body: {}")
        logger.error("Unhandled request ({'response_url': 'https://hooks.slack.com/x'})")
        try:
            raise OSError("cannot connect to wss://example.com/?ticket=abc")
        except OSError as error:
            logger.exception(f"Failed to connect (error: {error}); Retrying...")
    lines = [one.getMessage() for one in caplog.records]
    assert lines == ["Failed to connect (error: cannot connect to [address] Retrying... [OSError]"] * 2
    assert all(one.exc_info is None for one in caplog.records)


@pytest.mark.parametrize("name", ["aiohttp", "aiohttp.client", "aiohttp.internal", "aiohttp.websocket"])
def test_a_warning_of_aiohttp_is_limited_like_a_line_of_slacks_libraries(
    caplog: pytest.LogCaptureFixture, name: str
) -> None:
    cap_sdk_loggers()
    logging.getLogger(name).warning("a payload")
    logging.getLogger(name).warning("cannot connect to https://hooks.slack.com/x")
    assert [one.getMessage() for one in caplog.records] == ["cannot connect to [address]"]


def test_the_level_of_slacks_loggers_does_not_depend_on_the_root_logger(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert sdk_logger().getEffectiveLevel() == logging.INFO
    assert bolt_logger().getEffectiveLevel() == logging.ERROR


def test_a_logger_that_is_limited_again_gets_no_second_filter() -> None:
    cap_sdk_loggers()
    cap_sdk_loggers()
    assert len(sdk_logger().filters) == 1


@pytest.fixture
def no_loggers_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove Bolt's loggers, which other tests in this process may have created, as in a new process."""
    known = logging.root.manager.loggerDict
    kept = {name: one for name, one in known.items() if not name.startswith("slack_bolt")}
    monkeypatch.setattr(logging.root.manager, "loggerDict", kept)


async def test_loggers_that_bolt_creates_log_only_errors(
    no_loggers_yet: None, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await gateway.send(command())
    names = [name for name in logging.root.manager.loggerDict if name.startswith("slack_bolt.")]
    assert names
    assert {name for name in names if logging.getLogger(name).getEffectiveLevel() < logging.ERROR} == set()

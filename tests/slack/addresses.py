"""Replies, the addresses that they are sent to, and their response URLs, for the tests of outgoing messages."""

from dataclasses import replace

from bot.core.ports import Address
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming, Kind

from .conftest import FixedClock, Gateway

JWT = "eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8iLCJleHAiOjE3OTM1MDAwMDB9.c2lnbmF0dXJl"
SECTION = {"type": "section", "text": {"type": "plain_text", "text": "hello"}}
HELLO = Reply(text="hello", blocks=[SECTION])
HERE = Address(user_id="U0ANA", channel_id="C0DBOPS", intent_id="i-1")
IN_THREAD = replace(HERE, intent_id=None, thread_ts="5.6")


def command_with_url(intent_id: str, url: str) -> Incoming:
    """Return a command whose `response_url` is `url`."""
    return Incoming(
        id=intent_id,
        key="k",
        kind=Kind.COMMAND,
        at=FixedClock().now(),
        user_id="U0ANA",
        channel_id="C0DBOPS",
        response_url=url,
    )


def keep(gateway: Gateway, intent_id: str = "i-1", url: str | None = None) -> None:
    """Give the gateway a `response_url` for an intent: `url`, or one of the fake Slack."""
    gateway.urls.keep(command_with_url(intent_id, gateway.slack.response_url() if url is None else url))

"""Signed requests, as Slack sends them."""

import hmac
import itertools
import json
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus, urlencode

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, CHANNEL, REQUESTER, APPROVER = "T0BENCH", "C0BENCH", "U0REQUESTER", "U0DBA"
PATH = "/slack/events"
_serial = itertools.count(1)


def command(text: str, *, respond_to: str, user: str = REQUESTER) -> bytes:
    """Return the body of `/turso text`, with new IDs each time."""
    serial = next(_serial)
    fields = {
        "token": "legacy", "team_id": TEAM, "team_domain": "bench", "channel_id": CHANNEL, "channel_name": "db-ops",
        "user_id": user, "user_name": "requester", "command": "/turso", "text": text, "api_app_id": "A0BENCH",
        "is_enterprise_install": "false", "response_url": f"{respond_to}/commands/{TEAM}/{serial}/x",
        "trigger_id": f"{serial}.222.0a1b2c3d",
    }  # fmt: skip
    return urlencode(fields).encode()


def click(action: dict[str, Any], *, respond_to: str, user: str, message: dict[str, Any]) -> bytes:
    """Return the body of a press of a button in a message of the channel."""
    serial = next(_serial)
    payload: dict[str, Any] = {
        "type": "block_actions", "user": {"id": user, "username": "dba", "team_id": TEAM},
        "api_app_id": "A0BENCH", "token": "legacy", "trigger_id": f"{serial}.222.0a1b2c3d",
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": CHANNEL, "is_ephemeral": False},
        "team": {"id": TEAM, "domain": "bench"}, "channel": {"id": CHANNEL, "name": "db-ops"}, "message": message,
        "enterprise": None, "is_enterprise_install": False, "state": {"values": {}},
        "response_url": f"{respond_to}/actions/{TEAM}/{serial}/x",
        "actions": [{"block_id": "b", "type": "button", "action_ts": f"{time.time():.6f}"} | action],
    }  # fmt: skip
    return b"payload=" + quote_plus(json.dumps(payload)).encode()


def request(body: bytes, *, secret: str | None = SECRET) -> bytes:
    """Return the whole HTTP request. With another secret, or none, it isn't a valid request from Slack."""
    stamp = str(int(time.time())).encode()
    head = [
        b"POST %s HTTP/1.1" % PATH.encode(),
        b"Host: 127.0.0.1",
        b"User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)",
        b"Accept: application/json,*/*",
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Length: %d" % len(body),
    ]
    if secret is not None:
        signature = hmac.new(secret.encode(), b"v0:" + stamp + b":" + body, sha256).hexdigest().encode()
        head += [b"X-Slack-Request-Timestamp: " + stamp, b"X-Slack-Signature: v0=" + signature]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def commands(text: str, *, respond_to: str, secret: str | None = SECRET) -> Iterator[bytes]:
    """Yield signed commands endlessly."""
    while True:
        yield request(command(text, respond_to=respond_to), secret=secret)

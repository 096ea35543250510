"""Builds requests as Slack sends them: signatures, forms, payloads and events."""

import hmac
import json
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

SECRET = "7d3f0c2a9be14f6c8a5512d0e4b7a901"
FORM = "application/x-www-form-urlencoded"
counter = iter(range(1, 1_000_000))


def signature(body: bytes, stamp: str, secret: str = SECRET) -> str:
    """Return the value of `X-Slack-Signature`."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()


def encoded(headers: Mapping[str, str | bytes]) -> list[tuple[bytes, bytes]]:
    """Return headers as bytes. Values that are bytes already, such as invalid text, stay unchanged."""
    return [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()]


def signed(body: bytes, content_type: str = FORM, *, stamp: str | None = None, secret: str = SECRET) -> dict[str, str]:
    """Return the headers of a signed request."""
    stamp = stamp if stamp is not None else str(int(time.time()))
    return {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature(body, stamp, secret),
    }


def command(text: str = "ls", **more: Any) -> bytes:
    """Return the body of a slash command."""
    fields = {
        "token": "legacy",
        "team_id": "T0ACME",
        "team_domain": "acme",
        "channel_id": "C0DBOPS",
        "channel_name": "db-ops",
        "user_id": "U0ANA",
        "user_name": "ana",
        "command": "/turso",
        "text": text,
        "api_app_id": "A0TEST",
        "is_enterprise_install": "false",
        "trigger_id": f"{next(counter)}.222.abc",
    }
    return urlencode({key: value for key, value in {**fields, **more}.items() if value is not None}).encode()


def payload(value: Any) -> bytes:
    """Return the body of an interactive payload."""
    return urlencode({"payload": value if isinstance(value, str) else json.dumps(value)}).encode()


def click(action_id: str = "approval.approve", value: str = "r-1", **more: Any) -> dict[str, Any]:
    """Return the payload of a press of a button in a message."""
    return {
        "type": "block_actions",
        "api_app_id": "A0TEST",
        "trigger_id": f"{next(counter)}.444.9f8e",
        "team": {"id": "T0ACME", "domain": "acme"},
        "enterprise": None,
        "user": {"id": "U0ANA", "username": "ana", "team_id": "T0ACME"},
        "container": {
            "type": "message",
            "message_ts": "1793500001.000100",
            "channel_id": "C0DBOPS",
            "is_ephemeral": False,
        },
        "channel": {"id": "C0DBOPS", "name": "privategroup"},
        "message": {"type": "message", "ts": "1793500001.000100", "thread_ts": "1793499000.000200"},
        "state": {"values": {}},
        "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value}],
        **more,
    }


def view(callback_id: str = "form.create", state: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return a modal as Slack sends it in payloads."""
    return {
        "id": "V1",
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": "i-opened",
        "state": {"values": state or {}},
        "hash": "1.abc",
        **more,
    }


def submission(**more: Any) -> dict[str, Any]:
    """Return the payload of a submitted modal."""
    return {
        "type": "view_submission",
        "team": {"id": "T0ACME"},
        "user": {"id": "U0ANA", "team_id": "T0ACME"},
        "trigger_id": f"{next(counter)}.555.1",
        "view": view(),
        "response_urls": [],
        **more,
    }


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """Return an event in its envelope."""
    return {
        "type": "event_callback",
        "team_id": "T0ACME",
        "api_app_id": "A0TEST",
        "event_id": f"Ev{next(counter)}",
        "event_time": 1793500000,
        "authorizations": [{"enterprise_id": None, "team_id": "T0ACME", "user_id": "U0BOT", "is_bot": True}],
        "event": {"type": kind, **fields},
    }

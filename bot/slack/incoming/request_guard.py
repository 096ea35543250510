"""Check the size, signature and format of a request before Bolt gets it."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import structlog

from bot.slack.incoming._payload_validation import Body, Malformed, form_fields, payload_of
from bot.slack.incoming.signing_secrets import SigningSecrets

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT: Final = 256 * 1024
DISCARDED_LIMIT: Final = 1024 * 1024
"""If a body is too large, but declares at most this size, the server discards it, so that the client gets the error.

Otherwise, the connection is closed after the error.
"""
FORM: Final = b"application/x-www-form-urlencoded"
JSON: Final = b"application/json"
PARSED: Final = "slack.body"
"""The key in the ASGI scope for the parsed body, which the guard has already received."""

log = structlog.get_logger(__name__)


class TooLarge(Exception):
    """Raised if a body is larger than `BODY_LIMIT`, or declares an invalid length.

    If `ends` is True, the connection is closed.
    """

    def __init__(self, *, ends: bool) -> None:
        self.ends = ends
        super().__init__()


class Gone(Exception):
    """Raised if the client disconnects before the body is complete."""


class Guard:
    """ASGI middleware that passes on only well-formed requests that Slack signed within five minutes of now.

    It uses the machine's time, because CLOCK_FILE doesn't change Slack's time.
    """

    def __init__(
        self,
        inner: AsgiApp,
        secrets: SigningSecrets,
        *,
        observe_ack: Callable[[float], None] | None = None,
        observe_signature: Callable[[bool], None] = lambda is_valid: None,
    ) -> None:
        self._inner = inner
        self._observe_signature = observe_signature
        self._observe_ack = observe_ack
        self._secrets = secrets
        self._refused, self._quiet_until = 0, 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its parsed body, or refuse it with 405, 413, 401 or 400.

        Responds with 200 to the unsigned form with which Slack checks the certificate.
        """
        if scope["method"] != "POST":
            return await _refuse(send, 405, "Use POST.")
        headers = dict(scope["headers"])
        try:
            body = await _read(receive, headers.get(b"content-length"))
        except TooLarge as error:
            return await _refuse(send, 413, "The request is too large.", closes=error.ends)
        except Gone:
            return None
        try:
            text = body.decode()
        except UnicodeDecodeError:  # Slack never sends this, and the verifier needs text
            self._note_refusal(len(body))
            return await _refuse(send, 400, "Malformed.")
        if not await self._is_signed(headers, text):
            if _is_ssl_check(headers, body):
                return await _refuse(send, 200, "")
            if b"x-slack-signature" in headers:
                self._observe_signature(False)
            self._note_refusal(len(body))
            return await _refuse(send, 401, "Not signed by Slack.")
        self._observe_signature(True)
        try:
            parsed = _body_of(headers.get(b"content-type", b""), text)
        except Malformed as error:
            log.warning("refused a malformed request", why=str(error))
            return await _refuse(send, 400, "Malformed.")
        started = time.perf_counter()
        await self._inner({**scope, PARSED: parsed}, receive, send)
        if self._observe_ack is not None:
            self._observe_ack(time.perf_counter() - started)
        return None

    def _note_refusal(self, size: int) -> None:
        """Log refusals at most once a second, with their number, so that a flood can't fill the disk."""
        self._refused += 1
        if (now := time.monotonic()) >= self._quiet_until:
            log.info("refused a request without a valid signature", size=size, count=self._refused)
            self._refused, self._quiet_until = 0, now + 1

    async def _is_signed(self, headers: dict[bytes, bytes], text: str) -> bool:
        stamp, signature = headers.get(b"x-slack-request-timestamp", b""), headers.get(b"x-slack-signature", b"")
        # otherwise the verifier would raise an exception
        if not (stamp.isdigit() and len(stamp) <= 12 and signature.isascii()):
            return False
        return await self._secrets.is_valid(text, stamp.decode(), signature.decode())


async def _read(receive: Receive, length: bytes | None) -> bytes:
    declared = int(length) if length is not None and length.isdigit() and len(length) < 10 else 0
    if declared > BODY_LIMIT or (length is not None and declared == 0 and length != b"0"):
        raise TooLarge(ends=not 0 < declared <= DISCARDED_LIMIT)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        part = message.get("body", b"")
        size += len(part)
        if size > BODY_LIMIT:
            raise TooLarge(ends=True)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _body_of(content_type: bytes, text: str) -> Body:
    """Return the parsed body. Raises Malformed for a format that Slack doesn't document."""
    kind = content_type.split(b";", 1)[0].strip().lower()
    if kind == JSON:
        return payload_of(text)
    if kind != FORM:
        raise Malformed("The content type is neither a form nor JSON.")
    if text.startswith("{"):
        raise Malformed("JSON was sent as a form.")
    fields = form_fields(text)
    if "payload" in fields:
        return payload_of(fields["payload"])
    if "command" not in fields and "ssl_check" not in fields:
        raise Malformed("The form contains neither a command nor a payload.")
    return dict(fields)


def _is_ssl_check(headers: dict[bytes, bytes], body: bytes) -> bool:
    """Return True for the form with which Slack sometimes checks the certificate. It may be unsigned."""
    is_form = headers.get(b"content-type", b"").startswith(FORM)
    return is_form and len(body) < 1024 and b"ssl_check=1" in body.split(b"&")


async def _refuse(send: Send, status: int, words: str, *, closes: bool = False) -> None:
    body = words.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

"""Floor A: a raw ASGI app that only verifies the signature."""

import hmac
import time
from hashlib import sha256
from typing import Any

from bench.signing import SECRET

_KEY = SECRET.encode()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer 200 to a request that was signed within the last five minutes, and 401 to any other."""
    if scope["type"] != "http":
        await _lifespan(receive, send)
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = dict(scope["headers"])
    stamp = headers.get(b"x-slack-request-timestamp", b"0")
    wanted = b"v0=" + hmac.new(_KEY, b"v0:" + stamp + b":" + body, sha256).hexdigest().encode()
    is_signed = hmac.compare_digest(wanted, headers.get(b"x-slack-signature", b""))
    status = 200 if is_signed and abs(time.time() - int(stamp)) < 300 else 401
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _lifespan(receive: Any, send: Any) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


def make() -> Any:
    """Return the app, for `uvicorn --factory`."""
    return app

"""Sends batches of the audit log to a webhook, a file or standard output."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import httpx

from bot.errors import BotError
from bot.settings.certificates import tls_context
from bot.settings.proxies import proxy_of

T = TypeVar("T")

TIMEOUT: Final = httpx.Timeout(10, connect=5)
LONGEST_SECONDS: Final = 20.0
"""The limit for a whole batch. A limit for each read isn't enough, because a receiver may send byte by byte."""
LONGEST_ANSWER: Final = 10_000
"""Reading a response stops after this many bytes."""
PRIVATE_FILE: Final = 0o600
BASE64_PREFIX: Final = "whsec_"


class NotReceived(BotError):
    """Raised if a batch may not have arrived. The message says why, and contains neither the address nor a secret."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive entries, each a line without its line break."""

    first: int
    last: int
    lines: Sequence[str]

    @property
    def body(self) -> bytes:
        """Return the lines as JSON Lines in UTF-8."""
        return "".join(f"{line}\n" for line in self.lines).encode("utf-8", "replace")


class Receiver(Protocol):
    """Receives batches of entries, one after the other."""

    async def send(self, batch: Batch, at: datetime) -> int | None:
        """Send a batch.

        Returns:
            The entry that the receiver wants next, if it says so. It may be one that was sent before.
        Raises:
            NotReceived: the batch may not have arrived, and must be sent again.
        """

    async def close(self) -> None:
        """Close connections."""


class WebhookReceiver:
    """Posts batches to a URL, signed according to the Standard Webhooks specification (standardwebhooks.com)."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._key = _key_of(secret)
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT, follow_redirects=False, verify=tls_context(), proxy=proxy_of(url), trust_env=False
        )

    async def send(self, batch: Batch, at: datetime) -> int | None:
        """Post a batch. Only a response with a status from 200 to 299 counts as received."""
        body, message_id, stamp = batch.body, f"audit-{batch.first}-{batch.last}", str(int(at.timestamp()))
        headers = {
            "content-type": "application/x-ndjson",
            "user-agent": "turso-ops",
            "webhook-id": message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{signature(self._key, message_id, stamp, body)}",
        }
        try:
            async with (
                asyncio.timeout(LONGEST_SECONDS),
                self._http.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                if not answer.is_success:
                    raise NotReceived(f"The receiver responded with status {answer.status_code}.")
                return _next_of(await _read_limited(answer))
        except (httpx.TimeoutException, TimeoutError):
            raise NotReceived("The receiver didn't respond in time.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise NotReceived(f"The receiver can't be reached ({type(error).__name__}).") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of `id.timestamp.body` in Base64, as Standard Webhooks defines it."""
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _key_of(secret: str) -> bytes:
    """Return the key of a secret: the decoded Base64 after `whsec_`.

    Without that prefix, the secret itself is the key.
    """
    if secret.startswith(BASE64_PREFIX):
        return base64.b64decode(secret.removeprefix(BASE64_PREFIX))
    return secret.encode()


async def _read_limited(answer: httpx.Response) -> bytes:
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            break
    return body


def _next_of(answer: bytes) -> int | None:
    """Return `next` of a response like `{"next": 17}`. None for any other response, which only confirms the batch."""
    with suppress(ValueError, RecursionError):
        raw: Any = json.loads(answer)
        if isinstance(raw, dict) and type(raw.get("next")) is int and raw["next"] > 0:
            return int(raw["next"])
    return None


class FileReceiver:
    """Appends batches to a file. It opens the file for each batch, so that the file can be rotated."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, batch: Batch, at: datetime) -> int | None:
        """Append a batch, and wait until it is on the disk."""
        try:
            await in_daemon_thread(lambda: self._append(batch.body))
        except OSError as error:
            raise NotReceived(f"The file can't be written ({error.strerror}).") from None
        return None

    def _append(self, body: bytes) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        with os.fdopen(descriptor, "r+b") as file:
            _drop_torn_line(file)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())

    async def close(self) -> None:
        """Do nothing."""


def _drop_torn_line(file: Any) -> None:
    """Cut off an incomplete last line, which a crash may have left, and seek to the end of the file."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 4096)
        file.seek(start)
        piece = file.read(end - start)
        if (found := piece.rfind(b"\n")) >= 0:
            end = start + found + 1
            break
        end = start
    file.seek(end)
    file.truncate()


class StandardOutputReceiver:
    """Prints batches to standard output. They are interleaved with the log if it goes there, too."""

    async def send(self, batch: Batch, at: datetime) -> int | None:
        """Print a batch in a separate thread, because printing blocks if nothing reads the output."""
        try:
            await in_daemon_thread(lambda: _print(batch.body))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise NotReceived(f"Standard output can't be written ({why}).") from None
        return None

    async def close(self) -> None:
        """Do nothing."""


def _print(body: bytes) -> None:
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


async def in_daemon_thread(call: Callable[[], T]) -> T:
    """Run a blocking call in a daemon thread, which blocks neither the event loop nor the exit of the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failed = None, None
        try:
            result = call()
        except Exception as error:
            failed = error
        with suppress(RuntimeError):  # the loop may have been closed in the meantime
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, name="audit stream", daemon=True).start()
    return await future

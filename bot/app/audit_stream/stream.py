"""Starts and stops the audit stream with its process."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bot.app.audit_stream.receivers import FileReceiver, Receiver, StandardOutputReceiver, WebhookReceiver
from bot.app.audit_stream.sender import EVERY_SECONDS, Sender
from bot.core.audit_formats import Format
from bot.core.concurrency.background import Background
from bot.core.ports import Clock
from bot.settings import Settings
from bot.store.store import SqlStore

FILE: Final = "file:"


@asynccontextmanager
async def audit_stream(
    settings: Settings, store: SqlStore, clock: Clock, background: Background, owner: str
) -> AsyncIterator[None]:
    """Send the audit log while the context is open. Does nothing if the settings name no receiver."""
    stream = stream_of(settings)
    if not stream:
        yield
        return
    receiver = _receiver_of(settings)
    sender = Sender(store, clock, receiver, stream, Format(settings.audit_stream_format), owner)
    loop = background.start("audit stream", sender.once, every=EVERY_SECONDS)
    try:
        yield
    finally:
        await loop.stop()
        await sender.release()
        await receiver.close()


def stream_of(settings: Settings) -> str:
    """Return the receiver's key in the store. Empty if the settings name no receiver.

    It is a hash, because the address may contain a password.
    """
    if settings.audit_stream is None:
        return ""
    return hashlib.sha256(settings.audit_stream.get_secret_value().encode()).hexdigest()[:16]


def _receiver_of(settings: Settings) -> Receiver:
    assert settings.audit_stream is not None
    address = settings.audit_stream.get_secret_value()
    if settings.streams_to_url:
        assert settings.audit_stream_secret is not None, "`load_settings` requires it"
        return WebhookReceiver(address, settings.audit_stream_secret.get_secret_value())
    return FileReceiver(Path(address.removeprefix(FILE))) if address.startswith(FILE) else StandardOutputReceiver()

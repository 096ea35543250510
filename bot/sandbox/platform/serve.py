"""Serves the platform without the rest of the sandbox, for `python -m bot platform`."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from bot.errors import BotError
from bot.sandbox.platform.app import create_platform
from bot.sandbox.platform.folder_lock import locked
from bot.sandbox.platform.names import Generation


async def serve_platform(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    organization: str = "acme",
    api_token: str,
    admin: bool = False,
    seed: bool = False,
    generation: Generation = "now",
    public_url: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. Even if the process is killed instead, no acknowledged write is lost.

    Args:
        port: the port, or 0 for a free one.
        ready: called with the base URL as soon as clients can connect.
    Raises:
        BotError: the address or the folder can't be used.
    """
    with _listen(host, port) as listening, locked(data):
        app = create_platform(
            data,
            organization=organization,
            api_token=api_token,
            admin=admin,
            seed=seed,
            generation=generation,
            public_url=public_url,
        )
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws="none",
            timeout_keep_alive=75,  # longer than a client keeps an idle connection, so that no request is lost
            timeout_graceful_shutdown=5,
        )
        if ready is not None:
            shown = f"[{host}]" if ":" in host else host
            ready(f"http://{shown}:{listening.getsockname()[1]}")
        await uvicorn.Server(config).serve(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without `proto`, asyncio doesn't switch off Nagle's algorithm, which can delay a response by 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
        return listening
    except (OSError, OverflowError) as error:
        listening.close()
        raise BotError(f"The platform can't listen on {host} port {port}: {error}.") from None

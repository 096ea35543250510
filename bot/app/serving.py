"""Runs each type of process (HTTP, Socket Mode, or durable work only) until it is stopped."""

import asyncio
import gc
import os
import platform
import signal
import socket as sockets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

import structlog

from bot import __version__
from bot.app.compose import Bot, describe_place, running, secrets_of, unrecognizable
from bot.app.logs import set_up_logs
from bot.app.lost_files import describe_loss
from bot.app.operator_pages import health_pages, listening, listening_for_health, pages_of, written
from bot.app.store_start import WAIT_SECONDS
from bot.app.tracing import traces_of_process
from bot.settings import BadSettings, Settings, warnings_about
from bot.slack.incoming.http import create_asgi, http_server
from bot.slack.incoming.request_guard import AsgiApp
from bot.slack.incoming.signing_secrets import Read, SigningSecrets
from bot.slack.incoming.socket_mode import SocketRunner, refusal_of
from bot.store.connections.urls import place_of

P = ParamSpec("P")

log = structlog.get_logger(__name__)


def _stoppable_during_start(run: Callable[P, Coroutine[Any, Any, int]]) -> Callable[P, Coroutine[Any, Any, int]]:
    """Let a signal stop a process cleanly while it is still starting, for example while it waits for the store."""

    @wraps(run)
    async def until_stopped(*args: P.args, **kwargs: P.kwargs) -> int:
        received: list[signal.Signals] = []
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"

        def stop(received_signal: signal.Signals) -> None:
            received.append(received_signal)
            task.cancel()

        on_stop(stop)
        try:
            return await run(*args, **kwargs)
        except asyncio.CancelledError:
            if not received:
                raise
            return 0

    return until_stopped


@_stoppable_during_start
async def serve(
    settings: Settings, *, durable: bool = True, upgrade: bool = True, read_secrets: Read | None = None
) -> int:
    """Serve Slack over HTTP until stopped."""
    _set_up_logs(settings)
    with listening(settings.host, settings.port, names="HOST and PORT") as entrance:
        async with (
            traces_of_process() as traces,
            running(settings, executes=durable, upgrade=upgrade, waits=WAIT_SECONDS, traces=traces) as bot,
        ):
            _tune_garbage_collection()
            server = http_server(traces.served(http_app(bot, read_secrets)), settings.host, settings.port)
            log_start(bot, "serve", address=written(settings.host, entrance.getsockname()[1]), durable=durable)
            on_stop(lambda received: server.handle_exit(received, None))
            await server.serve(sockets=[entrance])
    return 0


@_stoppable_during_start
async def socket(
    settings: Settings, *, durable: bool = True, upgrade: bool = True, health_port: int | None = None
) -> int:
    """Serve Slack over Socket Mode until stopped. If a port is given, serve the pages for operators there."""
    _set_up_logs(settings)
    with listening_for_health(settings.host, health_port) as entrance:
        async with (
            traces_of_process() as traces,
            running(settings, executes=durable, upgrade=upgrade, waits=WAIT_SECONDS, traces=traces) as bot,
            health_pages(bot, entrance),
            connected(bot) as runner,
        ):
            _tune_garbage_collection()
            log_start(bot, "socket", durable=durable, **_health_address(entrance))
            await _wait_for_stop(unless=runner.refused)
    return 0


@_stoppable_during_start
async def worker(settings: Settings, *, upgrade: bool = True, health_port: int | None = None) -> int:
    """Do durable work until stopped. If a port is given, serve the pages for operators there."""
    _set_up_logs(settings)
    with listening_for_health(settings.host, health_port) as entrance:
        async with (
            traces_of_process() as traces,
            running(settings, upgrade=upgrade, waits=WAIT_SECONDS, traces=traces) as bot,
            health_pages(bot, entrance),
        ):
            log_start(bot, "worker", durable=True, **_health_address(entrance))
            await _wait_for_stop()
    return 0


def _health_address(entrance: sockets.socket | None) -> dict[str, str]:
    return {"health": written(*entrance.getsockname()[:2])} if entrance else {}


@asynccontextmanager
async def connected(bot: Bot) -> AsyncIterator[SocketRunner]:
    """Keep a Socket Mode connection open while the context is open."""
    assert bot.settings.slack_app_token is not None, "Socket Mode needs SLACK_APP_TOKEN"
    runner = SocketRunner(bot.bolt, bot.settings.slack_app_token.get_secret_value(), bot.calls, bot.tasks,
                          observe_ack=bot.metrics.ack, background=bot.background)  # fmt: skip
    bot.readiness.include("socket mode", runner.check)
    runner.start()
    try:
        yield runner
    finally:
        await runner.close()


def http_app(bot: Bot, read_secrets: Read | None = None) -> AsgiApp:
    """Return the application of `serve`: Slack's requests, and the pages for operators.

    Args:
        read_secrets: returns the current signing secrets, because one may have been replaced.
    """
    secrets = SigningSecrets(bot.settings.signing_secrets, read=read_secrets)

    def observe_signature(is_valid: bool) -> None:
        if is_valid:
            bot.signatures.accepted()
        else:
            bot.signatures.refused()
            bot.metrics.refused_signature()

    return create_asgi(
        bot.bolt,
        secrets,
        pages_of(bot),
        observe_ack=bot.metrics.ack,
        observe_signature=observe_signature,
    )


def log_start(bot: Bot, mode: str, **more: Any) -> None:
    """Log the version and the main settings of the process in one line, and a warning if its store may be deleted."""
    log.info(
        "started",
        mode=mode,
        version=__version__,
        python=platform.python_version(),
        store=describe_place(bot.settings),
        policy=bot.env.rules.policy.hash,
        organization=bot.settings.turso_organization,
        **more,
    )
    if loss := describe_loss(place_of(bot.settings.database_url.get_secret_value()).file, os.environ):
        log.warning("store.lost_at_deploy", hint=loss.sentence)


def _set_up_logs(settings: Settings) -> None:
    set_up_logs(settings.log_level, settings.log_format, secrets_of(settings))
    for name in unrecognizable(settings):
        log.warning("a secret can't be recognized in messages and logs, so it isn't hidden there", setting=name)
    if settings.slack_signing_secret_previous:
        log.warning("signing_secret.previous", hint="SLACK_SIGNING_SECRET_PREVIOUS is accepted too. Remove it soon.")
    for sentence in warnings_about(settings):
        log.warning("setting.ignored", why=sentence)


def _tune_garbage_collection() -> None:
    """Exclude objects that exist now from garbage collection, and collect less often. Saves a sixth of the CPU time.

    The threshold is above the number of objects that a hundred concurrent requests create, about 20,000. If it is
    reached while they run, each collection takes several milliseconds and finds no garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _wait_for_stop(*, unless: Callable[[], Awaitable[str]] | None = None) -> None:
    """Wait for a signal to stop.

    Raises:
        BadSettings: `unless` returned first, with Slack's error code for the refused app-level token.
    """
    stop = asyncio.Event()
    on_stop(lambda _: stop.set())
    if unless is None:
        await stop.wait()
        return
    refused, stopped = asyncio.ensure_future(unless()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((refused, stopped), return_when=asyncio.FIRST_COMPLETED)
        if refused.done() and not stopped.done():
            raise BadSettings(refusal_of(refused.result()))
    finally:
        refused.cancel()
        stopped.cancel()


def on_stop(then: Callable[[signal.Signals], None]) -> None:
    """Call a function on SIGTERM, SIGINT or SIGHUP instead of exiting immediately. With `nohup`, ignore SIGHUP."""
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if one is not signal.SIGHUP or signal.getsignal(one) is not signal.SIG_IGN:
            loop.add_signal_handler(one, then, one)

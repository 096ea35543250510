"""Traces with OpenTelemetry, if the extra `otel` is installed and an OTLP endpoint is set."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

import aiohttp
import httpx
import structlog
from sqlalchemy import Engine

from bot.core.ports.traces import NoTraces, Traces
from bot.slack.incoming.request_guard import AsgiApp

log = structlog.get_logger(__name__)
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's variables that name a receiver. OpenTelemetry reads its other variables itself."""
DISABLED: Final = "OTEL_SDK_DISABLED"


class Instruments(Traces, Protocol):
    """Records traces, including calls made through httpx, aiohttp and SQLAlchemy."""

    def follow_turso(self, client: httpx.AsyncClient) -> None:
        """Record the calls of a Turso client."""

    def slack_calls(self) -> Sequence[aiohttp.TraceConfig]:
        """Return the trace configurations that record calls to Slack."""

    def follow_store(self, engines: Sequence[Engine]) -> None:
        """Record the statements on these databases."""

    def served(self, app: AsgiApp) -> AsgiApp:
        """Return the application with its requests recorded."""


class NoInstruments(NoTraces):
    """Records nothing, and instruments no library."""

    def follow_turso(self, client: httpx.AsyncClient) -> None:
        """Do nothing."""

    def slack_calls(self) -> Sequence[aiohttp.TraceConfig]:
        """Return no trace configuration."""
        return ()

    def follow_store(self, engines: Sequence[Engine]) -> None:
        """Do nothing."""

    def served(self, app: AsgiApp) -> AsgiApp:
        """Return the application as it is."""
        return app


@asynccontextmanager
async def traces_of_process() -> AsyncIterator[Instruments]:
    """Yield instruments that record traces if the environment names a receiver. At the end, send what was recorded.

    Without a receiver, yield NoInstruments. Do the same, and log a warning, if the extra `otel` isn't installed.
    """
    variable = next((name for name in ENDPOINTS if os.environ.get(name)), None)
    if variable is None or os.environ.get(DISABLED, "").strip().lower() == "true":
        yield NoInstruments()
        return
    try:
        from bot.app.tracing import recording
    except ModuleNotFoundError as error:
        missing = f"the package `{error.name}` isn't installed: install `turso-ops[otel]`"
        log.warning("traces.off", why=f"{variable} is set, but no traces are sent, because {missing}.")
        yield NoInstruments()
        return
    async with recording.open_traces(os.environ[variable]) as traces:
        yield traces

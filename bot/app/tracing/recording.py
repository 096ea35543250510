"""Records traces with OpenTelemetry's SDK and its instrumentation libraries."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import aiohttp
import httpx
import requests
from opentelemetry import context, propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiohttp_client import create_trace_config
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor, RequestInfo
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased
from opentelemetry.trace import Link, Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine

from bot import __version__
from bot.app.tracing.filtering import ID_PREFIX, FilteredExporter, NoPropagation, OwnRootsSampler
from bot.settings.proxies import proxy_of
from bot.slack.incoming.bolt import EVENTS_PATH
from bot.slack.incoming.request_guard import AsgiApp, Scope
from bot.turso.calls import ROUTE

SCOPE: Final = "turso-ops"
PARENT: Final = "traceparent"
SHUTDOWN_SECONDS: Final = 5.0
WEB_API: Final = "/api/"


@asynccontextmanager
async def open_traces(endpoint: str) -> AsyncIterator["RecordedTraces"]:
    """Yield traces that are sent to the receiver in the environment.

    At the end, the last ones are sent, for at most `SHUTDOWN_SECONDS`.
    """
    # The trace context isn't taken from requests, because anybody can send one, and isn't sent to Slack and Turso.
    before = propagate.get_global_textmap()
    propagate.set_global_textmap(NoPropagation())
    resource = Resource.create({SERVICE_VERSION: __version__})
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "turso-ops"}))
    provider = TracerProvider(resource=resource, sampler=ParentBased(OwnRootsSampler()), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(session=_session(endpoint))
    provider.add_span_processor(BatchSpanProcessor(FilteredExporter(exporter)))
    try:
        yield RecordedTraces(provider)
    finally:
        if (instrumentor := SQLAlchemyInstrumentor()).is_instrumented_by_opentelemetry:
            instrumentor.uninstrument()
        ending = asyncio.to_thread(provider.shutdown)
        await asyncio.wait([asyncio.ensure_future(ending)], timeout=SHUTDOWN_SECONDS)
        propagate.set_global_textmap(before)


def _session(endpoint: str) -> requests.Session:
    """Return the exporter's HTTP session. It uses the same proxy as every other client."""
    session = requests.Session()
    session.trust_env = False
    if proxy := proxy_of(endpoint):
        session.proxies = {"http": proxy, "https": proxy}
    return session


class RecordedTraces:
    """Records traces. Implements `Instruments`."""

    is_on = True

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(SCOPE, __version__)
        self._places = TraceContextTextMapPropagator()

    def current(self) -> str:
        """Return the current span in the form that `follows` takes. Empty without one."""
        carrier: dict[str, str] = {}
        self._places.inject(carrier)
        return carrier.get(PARENT, "")

    @contextmanager
    def span(self, name: str, *, follows: str = "", **ids: str) -> Iterator[None]:
        """Record the `with` block as a span of the current trace, or as a child of the span `follows`."""
        here = trace.get_current_span().get_span_context()
        parent = self._places.extract({PARENT: follows}, context.Context()) if follows else None
        links = [Link(here)] if follows and here.is_valid else []
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            links=links,
            attributes={f"{ID_PREFIX}{key}": value for key, value in ids.items()},
            record_exception=False,  # the error's text may contain something that a person wrote
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException:
                span.set_status(Status(StatusCode.ERROR))
                raise

    def follow_turso(self, client: httpx.AsyncClient) -> None:
        """Record the calls of a Turso client. Each is named by its route."""

        async def name(span: Span, request: RequestInfo) -> None:
            route = (request.extensions or {}).get(ROUTE, "")
            span.update_name(f"Turso {request.method.decode()} {route}".rstrip())

        HTTPXClientInstrumentor.instrument_client(client, tracer_provider=self._provider, request_hook=name)

    def slack_calls(self) -> Sequence[aiohttp.TraceConfig]:
        """Return the trace configurations that record calls to Slack.

        Each is named by its method. A `response_url` and an upload have none, and are both named `response_url`.
        """

        def name(span: Span, call: aiohttp.TraceRequestStartParams) -> None:
            method = call.url.path.rpartition(WEB_API)[2] if WEB_API in call.url.path else "response_url"
            span.update_name(f"Slack {method}")

        return [create_trace_config(request_hook=name, tracer_provider=self._provider)]

    def follow_store(self, engines: Sequence[Engine]) -> None:
        """Record the statements on these databases."""
        # The instrumentor's version check doesn't know the latest SQLAlchemy, so it is skipped. The events that it
        # uses haven't changed, and a test asserts that statements are recorded.
        SQLAlchemyInstrumentor().instrument(engines=list(engines), tracer_provider=self._provider, skip_dep_check=True)

    def served(self, app: AsgiApp) -> AsgiApp:
        """Return the application with a span for each request. The pages for operators have none."""

        def name(scope: Scope) -> tuple[str, dict[str, Any]]:
            return "request from Slack" if scope.get("path") == EVENTS_PATH else "other request", {}

        middleware: Any = OpenTelemetryMiddleware
        traced: AsgiApp = middleware(
            app,
            excluded_urls="/healthz$,/readyz$,/metrics$",
            default_span_details=name,
            tracer_provider=self._provider,
            exclude_spans=["receive", "send"],
        )
        return traced

"""The filter for traces: only known names, methods and status leave the process, and nothing that people typed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.context import Context, get_current
from opentelemetry.propagators.textmap import Getter, Setter, TextMapPropagator, default_getter, default_setter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, Status, TraceState
from opentelemetry.util.types import Attributes

ID_PREFIX: Final = "turso_ops."
KEPT: Final = frozenset(
    {
        "http.method",
        "http.request.method",
        "http.status_code",
        "http.response.status_code",
        "error.type",
        "db.system",
        "db.system.name",
    }
)
"""The attributes of the instrumentations that are sent. Others contain addresses, statements and paths."""
PLAIN: Final = re.compile(r"[\w .:/{}-]{1,120}", re.ASCII)
OF_THE_STORE: Final = "sqlalchemy"
IDLE: Final = frozenset({"connect", "BEGIN"})
"""SQLAlchemy's spans without useful information: taking a connection from its pool, and starting a transaction."""
UNNAMED: Final = "unnamed"


class NoPropagation(TextMapPropagator):
    """Ignores the trace context of incoming requests, which anybody can forge, and sends none to Slack and Turso."""

    def extract(self, carrier: Any, context: Context | None = None, getter: Getter[Any] = default_getter) -> Context:
        """Return the context unchanged."""
        return get_current() if context is None else context

    def inject(self, carrier: Any, context: Context | None = None, setter: Setter[Any] = default_setter) -> None:
        """Add nothing."""

    @property
    def fields(self) -> set[str]:
        """Return no field."""
        return set()


class OwnRootsSampler(Sampler):
    """Records traces that start with a request or a workflow, but not single calls in the background."""

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Decide about a span without a parent."""
        return SamplingResult(Decision.DROP if kind is SpanKind.CLIENT else Decision.RECORD_AND_SAMPLE, attributes)

    def get_description(self) -> str:
        """Return the name of the sampler."""
        return type(self).__name__


class FilteredExporter(SpanExporter):
    """Sends only attributes that are known to be harmless, even if a later version of a library adds more."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send the spans with their allowed attributes only."""
        return self._exporter.export([filtered(span) for span in spans if span.name not in IDLE])

    def shutdown(self) -> None:
        """Stop sending."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send the spans that are still queued."""
        return self._exporter.force_flush(timeout_millis)


def filtered(span: ReadableSpan) -> ReadableSpan:
    """Return a copy of a span without events, error descriptions and unknown attributes."""
    return ReadableSpan(
        name=_name(span),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes or {}),
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _name(span: ReadableSpan) -> str:
    scope = span.instrumentation_scope.name if span.instrumentation_scope else ""
    if scope.endswith(OF_THE_STORE):  # the library adds the database's name, which is a path for SQLite
        return f"store {span.name.split(' ')[0]}" if span.name else UNNAMED
    return span.name if PLAIN.fullmatch(span.name) else UNNAMED


def _attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in given.items()
        if (key in KEPT or key.startswith(ID_PREFIX)) and (isinstance(value, int) or PLAIN.fullmatch(str(value)))
    }

"""Filters traces before export. Only names, IDs, methods and status codes leave the process, never typed text."""

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
EXPORTED_ATTRIBUTES: Final = frozenset(
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
"""Attributes of the instrumentation libraries that are exported. Others contain addresses, statements and paths."""
SAFE_TEXT: Final = re.compile(r"[\w .:/{}-]{1,120}", re.ASCII)
STORE_LIBRARY: Final = "sqlalchemy"
SKIPPED_SPANS: Final = frozenset({"connect", "BEGIN"})
"""Names of SQLAlchemy's spans that aren't exported: taking a connection from its pool, and starting a transaction."""
UNNAMED: Final = "unnamed"


class NoPropagation(TextMapPropagator):
    """Ignores the trace context of incoming requests, which anybody can forge, and sends none to Slack and Turso."""

    def extract(self, carrier: Any, context: Context | None = None, getter: Getter[Any] = default_getter) -> Context:
        """Return the context unchanged."""
        return get_current() if context is None else context

    def inject(self, carrier: Any, context: Context | None = None, setter: Setter[Any] = default_setter) -> None:
        """Add no headers."""

    @property
    def fields(self) -> set[str]:
        """Return an empty set: this propagator uses no headers."""
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
        """Drop a span without a parent if it is a call to Slack, Turso or the store. Record it otherwise."""
        return SamplingResult(Decision.DROP if kind is SpanKind.CLIENT else Decision.RECORD_AND_SAMPLE, attributes)

    def get_description(self) -> str:
        """Return the name of the sampler."""
        return type(self).__name__


class FilteredExporter(SpanExporter):
    """Exports only attributes that are known to be harmless, even if a later version of a library adds more."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export the spans with only their allowed attributes, and without those in `SKIPPED_SPANS`."""
        return self._exporter.export([filtered(span) for span in spans if span.name not in SKIPPED_SPANS])

    def shutdown(self) -> None:
        """Shut down the exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export the spans that are still queued."""
        return self._exporter.force_flush(timeout_millis)


def filtered(span: ReadableSpan) -> ReadableSpan:
    """Return a copy of a span without events, error descriptions or unknown attributes."""
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
    if scope.endswith(STORE_LIBRARY):  # the library adds the database's name, which is a path for SQLite
        return f"store {span.name.split(' ')[0]}" if span.name else UNNAMED
    return span.name if SAFE_TEXT.fullmatch(span.name) else UNNAMED


def _attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in given.items()
        if key in EXPORTED_ATTRIBUTES or key.startswith(ID_PREFIX)
        if isinstance(value, int) or SAFE_TEXT.fullmatch(str(value))
    }

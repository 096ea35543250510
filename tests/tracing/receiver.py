"""A receiver of OTLP over HTTP that stores every span."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.running import bound, served


@dataclass(frozen=True)
class ReceivedSpan:
    """A span that was received. `links` has the IDs of the traces that it links to. Times are in nanoseconds."""

    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    scope: str
    attributes: dict[str, Any]
    began: int
    ended: int


@dataclass
class Receiver:
    """Stores the spans and the request bodies that it receives."""

    url: str
    spans: list[ReceivedSpan] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def of(self, trace: str) -> list[ReceivedSpan]:
        """Return the spans of the trace with this ID, in the order of their start."""
        return sorted((span for span in self.spans if span.trace == trace), key=lambda span: span.began)

    def named(self, name: str) -> list[ReceivedSpan]:
        """Return the spans with a name."""
        return [span for span in self.spans if span.name == name]

    async def take(self, request: Request) -> Response:
        """Store the spans and the body of one request."""
        body = await request.body()
        self.bodies.append(body)
        self.spans += _read(body)
        return Response(b"", media_type="application/x-protobuf")


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Yield a receiver that listens on a free port."""
    with bound(0) as listening:
        receiver = Receiver(f"http://127.0.0.1:{listening.getsockname()[1]}")
        app = Starlette(routes=[Route("/v1/traces", receiver.take, methods=["POST"])])
        async with served(app, listening):
            yield receiver


def _read(body: bytes) -> list[ReceivedSpan]:
    sent = ExportTraceServiceRequest.FromString(body)
    return [
        ReceivedSpan(
            name=span.name,
            trace=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            links=tuple(link.trace_id.hex() for link in span.links),
            scope=scoped.scope.name,
            attributes={one.key: one.value.string_value or one.value.int_value for one in span.attributes},
            began=span.start_time_unix_nano,
            ended=span.end_time_unix_nano,
        )
        for resource in sent.resource_spans
        for scoped in resource.scope_spans
        for span in scoped.spans
    ]

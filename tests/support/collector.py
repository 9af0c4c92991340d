"""An OpenTelemetry collector in this process: it takes OTLP over HTTP, as protobuf, and keeps what it is told."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What came in: `spans` with the service that made each, `bodies` as they were on the wire."""

    url: str = ""
    spans: list[tuple[str, Span]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def traces(self) -> dict[bytes, list[tuple[str, str]]]:
        """Per trace its spans in the order of their beginnings: (service, name)."""
        found: dict[bytes, list[tuple[str, str]]] = {}
        for service, span in sorted(self.spans, key=lambda each: each[1].start_time_unix_nano):
            found.setdefault(span.trace_id, []).append((service, span.name))
        return found

    def one_with(self, *wanted: tuple[str, str]) -> bytes | None:
        """A trace that has all of these, if there is one."""
        return next((trace for trace, spans in self.traces().items() if set(wanted) <= set(spans)), None)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(names["service.name"], span) for span in scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(), content_type="application/x-protobuf"
        )


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()

"""OpenTelemetry's own way out, imported where spans are exported: see :mod:`telemetry`, which has what a span may say."""

from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

_WITHIN: Final = (
    2  # seconds for one export: at the end of a process it is what a collector that is away may cost
)


def collector(endpoint: str) -> SpanExporter:
    """OTLP over HTTP."""
    return OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=_WITHIN)


def provider(service: str, exporter: SpanExporter, *, ratio: float = 1.0) -> TracerProvider:
    """Hands spans to this exporter. A trace that came from elsewhere keeps its own decision to be kept."""
    made = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=Resource.create({SERVICE_NAME: f"kaiwa-{service}"}),
        shutdown_on_exit=False,
    )
    made.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=_WITHIN * 1000))
    return made

"""Spans on their way to a collector: OTLP over HTTP when `KAIWA_OTEL__ENDPOINT` names one, nothing otherwise.

What a span may say is a list (`Attribute`), as for logs: names of ours, counts, codes; never a key, an id of a person
or a message. An exception is named by its type alone, since its message may quote what it stumbled over.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, Literal

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from kaiwa.runtime.settings import Otel

Kind = Literal["server", "client", "producer", "consumer", "internal"]

Attribute = Literal[
    "messaging.system",
    "messaging.destination.name",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.consumer.group.name",
    "messaging.batch.message_count",
    "http.request.method",
    "http.route",
    "kaiwa.outcome",
    "kaiwa.reason",
    "kaiwa.waited_seconds",
]
"""All that a span of ours says; OpenTelemetry's semantic conventions where they have a name for it."""

_KINDS: Final = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}
_WITHIN: Final = (
    2  # seconds for one export: at the end of a process it is what a collector that is away may cost
)

_tracers: list[Tracer] = []


@contextmanager
def exporting(service: str, otel: Otel) -> Iterator[None]:
    """Export the spans of this process while inside; what is still held is sent on the way out."""
    if otel.endpoint is None:
        yield
        return
    address = f"{otel.endpoint.rstrip('/')}/v1/traces"
    with recording(service, OTLPSpanExporter(address, timeout=_WITHIN), ratio=otel.ratio):
        yield


@contextmanager
def recording(service: str, exporter: SpanExporter, *, ratio: float = 1.0) -> Iterator[None]:
    """Hand spans to this exporter while inside. A trace that came from elsewhere keeps its own decision to be kept."""
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        resource=Resource.create({SERVICE_NAME: f"kaiwa-{service}"}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=_WITHIN * 1000))
    tracer = provider.get_tracer("kaiwa")
    _tracers.append(tracer)
    try:
        yield
    finally:
        _tracers.remove(tracer)
        provider.shutdown()


def on() -> bool:
    """Whether anybody records: what only a span needs need not be worked out otherwise."""
    return bool(_tracers)


def begin(
    name: str,
    kind: Kind,
    *,
    parent: SpanContext | None,
    links: Sequence[SpanContext],
    attributes: Mapping[Attribute, str | int | float],
) -> Span:
    """Only while `on`."""
    context = set_span_in_context(NonRecordingSpan(parent)) if parent else set_span_in_context(_NOBODY)
    said: dict[str, str | int | float] = dict(attributes.items())
    return _tracers[-1].start_span(
        name, context=context, kind=_KINDS[kind], links=[Link(link) for link in links], attributes=said
    )


def end(span: Span, error: BaseException | None) -> None:
    if error is not None:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
    span.end()


def remote(trace_id: str, span_id: str, *, sampled: bool) -> SpanContext:
    """A context that came in a header (hexadecimal, as W3C writes it)."""
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=flags)


_NOBODY: Final = NonRecordingSpan(SpanContext(0, 0, is_remote=False))

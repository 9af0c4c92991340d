"""Spans: made here, and exported as OTLP over HTTP when `KAIWA_OTEL__ENDPOINT` names one, nothing otherwise.

What a span may say is a list (`Attribute`), as for logs: names of ours, counts, codes; never a key, an id of a person
or a message. An exception is named by its type alone, since its message may quote what it stumbled over.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

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

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

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
_tracers: list[Tracer] = []


@contextmanager
def exporting(service: str, otel: Otel) -> Iterator[None]:
    """Export the spans of this process while inside; what is still held is sent on the way out."""
    if otel.endpoint is None:
        yield
        return
    from kaiwa.runtime import export  # noqa: PLC0415 - 0.2 s and 5 MB, of no use to commands and to most services

    with recording(export.provider(service, export.collector(otel.endpoint), ratio=otel.ratio)):
        yield


@contextmanager
def recording(provider: "TracerProvider") -> Iterator[None]:
    """Record with this provider while inside; what it still holds is sent on the way out."""
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

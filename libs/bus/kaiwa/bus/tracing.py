"""W3C trace context, carried from record to record in the ``traceparent`` header, into log lines and, with a
collector, into spans.

A batch has many causes, so its span links to them; a span below one request continues that request's trace, or, where
the request waited long, begins a trace that links to it: a trace of days is of no use to anybody.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self

import structlog
from opentelemetry.trace import SpanContext

from kaiwa.bus.records import Outgoing, Record, header_text
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.runtime import telemetry
from kaiwa.runtime.telemetry import Attribute, Kind

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 0x01
_LONG_WAIT: Final = 60.0  # seconds after which what goes on is a trace of its own
_MOST_LINKS: Final = 32  # of one batch; beyond them a reader is not helped


@dataclass(frozen=True, slots=True)
class Trace:
    """One hop of a trace: which trace, which span is the parent of what comes next."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """From a header's text; None where it breaks https://www.w3.org/TR/trace-context/#traceparent-header."""
        if text is None or (match := _FORM.fullmatch(text)) is None:
            return None
        version, trace_id, span_id, flags, rest = match.groups()
        too_long = version == "00" and rest is not None  # only later versions may carry more
        if version == "ff" or too_long or not trace_id.strip("0") or not span_id.strip("0"):
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))

    def child(self) -> Self:
        return type(self)(self.trace_id, secrets.token_hex(8), self.sampled)

    @property
    def context(self) -> SpanContext:
        return telemetry.remote(self.trace_id, self.span_id, sampled=self.sampled)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


_current: ContextVar[Trace | None] = ContextVar("kaiwa_trace", default=None)


def current() -> Trace | None:
    return _current.get()


def of(record: Record) -> Trace | None:
    """The context a record carries, if it carries a sound one."""
    return Trace.parse(header_text(record, TRACEPARENT))


@contextmanager
def span(
    name: str,
    kind: Kind = "internal",
    *,
    parent: Trace | None = None,
    links: Iterable[Trace] = (),
    attributes: Mapping[Attribute, str | int | float] | None = None,
) -> Iterator[Trace]:
    """A span below ``parent``, or of a new trace: what is logged and published inside carries it."""
    if not telemetry.on():
        with _carrying(parent.child() if parent else Trace.new()) as trace:
            yield trace
        return
    recorded = telemetry.begin(
        name,
        kind,
        parent=parent.context if parent else None,
        links=[link.context for link in links],
        attributes=attributes or {},
    )
    made = recorded.get_span_context()
    error: BaseException | None = None
    try:
        with _carrying(
            Trace(f"{made.trace_id:032x}", f"{made.span_id:016x}", made.trace_flags.sampled)
        ) as trace:
            yield trace
    except BaseException as raised:
        error = raised
        raise
    finally:
        telemetry.end(recorded, error)


@contextmanager
def processing(group: str, records: Sequence[Record]) -> Iterator[None]:
    """The span of one batch, linked to what its records came from."""
    if not telemetry.on():
        yield
        return
    names = sorted({record.topic for record in records})
    causes = dict.fromkeys(cause for record in records if (cause := of(record)))
    with span(
        f"process {names[0] if len(names) == 1 else group}",
        "consumer",
        links=list(causes)[:_MOST_LINKS],
        attributes={
            "messaging.system": "kafka",
            "messaging.destination.name": ",".join(names),
            "messaging.operation.type": "process",
            "messaging.consumer.group.name": group,
            "messaging.batch.message_count": len(records),
        },
    ):
        yield


@contextmanager
def sending(records: Sequence[Outgoing]) -> Iterator[None]:
    """The span of one publish."""
    if not telemetry.on() or not records:
        yield
        return
    names = ",".join(sorted({record.topic for record in records}))
    with span(
        f"send {names}",
        "producer",
        parent=current(),
        attributes={
            "messaging.system": "kafka",
            "messaging.destination.name": names,
            "messaging.operation.type": "send",
            "messaging.batch.message_count": len(records),
        },
    ):
        yield


@contextmanager
def resumed(
    name: str,
    kind: Kind,
    cause: str | None,
    *,
    waited: float,
    attributes: Mapping[Attribute, str | int | float],
) -> Iterator[Trace]:
    """A span that goes on with the request whose ``traceparent`` is ``cause``, ``waited`` seconds after it came."""
    trace = Trace.parse(cause)
    late = waited > _LONG_WAIT
    parent, links = (None, [trace] if trace else []) if late else (trace, [])
    said: dict[Attribute, str | int | float] = {**attributes, "kaiwa.waited_seconds": round(waited, 3)}
    with span(name, kind, parent=parent, links=links, attributes=said) as made:
        yield made


@contextmanager
def each(name: str, causes: Iterable[str | None]) -> Iterator[None]:
    """A span in every trace that this one piece of work belongs to, by their ``traceparent``s."""
    with ExitStack() as spans:
        if telemetry.on():
            known = (trace for cause in dict.fromkeys(causes) if (trace := Trace.parse(cause)))
            for trace in islice(known, _MOST_LINKS):
                spans.enter_context(span(name, parent=trace))
        yield


@contextmanager
def _carrying(trace: Trace) -> Iterator[Trace]:
    token = _current.set(trace)
    try:
        with structlog.contextvars.bound_contextvars(trace_id=trace.trace_id):
            yield trace
    finally:
        _current.reset(token)


def traceparent() -> str:
    """The header of a record published here: the current context, or a new one."""
    return str(current() or Trace.new())

"""W3C trace context, carried from record to record in the ``traceparent`` header, into log lines and, with a
collector, into spans.

A batch has many causes, so its span links to them; a span below one request continues that request's trace, or, where
the request waited long, begins a trace that links to it: a trace of days is of no use to anybody.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from itertools import islice
from types import TracebackType
from typing import Final, NamedTuple, Self

from opentelemetry.trace import SpanContext
from structlog.contextvars import STRUCTLOG_KEY_PREFIX

from kaiwa.bus.records import Outgoing, Record, header_text
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.runtime import telemetry
from kaiwa.runtime.telemetry import Attribute, Kind

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 0x01
_LONG_WAIT: Final = 60.0  # seconds after which what goes on is a trace of its own
_MOST_LINKS: Final = 32  # of one batch; beyond them a reader is not helped
_NOTHING: Final = nullcontext()


class Trace(NamedTuple):
    """One hop of a trace: which trace, which span is the parent of what comes next."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @classmethod
    def new(cls) -> Self:
        both = _random_hex(24)
        return cls(both[:32], both[32:])

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
        return self._replace(span_id=_random_hex(8))

    @property
    def context(self) -> SpanContext:
        return telemetry.remote(self.trace_id, self.span_id, sampled=self.sampled)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


_current: ContextVar[Trace | None] = ContextVar("kaiwa_trace", default=None)
_logged: ContextVar[str] = ContextVar(f"{STRUCTLOG_KEY_PREFIX}trace_id")
"""What structlog takes into every line, set without its machinery, which costs a delivery more than its signature."""


def current() -> Trace | None:
    return _current.get()


def of(record: Record) -> Trace | None:
    """The context a record carries, if it carries a sound one."""
    return Trace.parse(header_text(record, TRACEPARENT))


def span(
    name: str,
    kind: Kind = "internal",
    *,
    parent: Trace | None = None,
    links: Iterable[Trace] = (),
    attributes: Mapping[Attribute, str | int | float] | None = None,
) -> AbstractContextManager[Trace]:
    """A span below ``parent``, or of a new trace: what is logged and published inside carries it."""
    if not telemetry.on():
        return _Carrying(parent.child() if parent else Trace.new())
    return _recorded(name, kind, parent, links, attributes or {})


@contextmanager
def _recorded(
    name: str,
    kind: Kind,
    parent: Trace | None,
    links: Iterable[Trace],
    attributes: Mapping[Attribute, str | int | float],
) -> Iterator[Trace]:
    recorded = telemetry.begin(
        name,
        kind,
        parent=parent.context if parent else None,
        links=[link.context for link in links],
        attributes=attributes,
    )
    made = recorded.get_span_context()
    error: BaseException | None = None
    try:
        with _Carrying(
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


def sending(records: Sequence[Outgoing]) -> AbstractContextManager[object]:
    """The span of one publish."""
    if not telemetry.on() or not records:
        return _NOTHING
    names = ",".join(sorted({record.topic for record in records}))
    return span(
        f"send {names}",
        "producer",
        parent=current(),
        attributes={
            "messaging.system": "kafka",
            "messaging.destination.name": names,
            "messaging.operation.type": "send",
            "messaging.batch.message_count": len(records),
        },
    )


def resumed(
    name: str,
    kind: Kind,
    cause: str | None,
    *,
    waited: float,
    attributes: Mapping[Attribute, str | int | float],
) -> AbstractContextManager[Trace]:
    """A span that goes on with the request whose ``traceparent`` is ``cause``, ``waited`` seconds after it came."""
    trace = Trace.parse(cause)
    late = waited > _LONG_WAIT
    parent, links = (None, [trace] if trace else []) if late else (trace, [])
    said: dict[Attribute, str | int | float] = {**attributes, "kaiwa.waited_seconds": round(waited, 3)}
    return span(name, kind, parent=parent, links=links, attributes=said)


@contextmanager
def each(name: str, causes: Iterable[str | None]) -> Iterator[None]:
    """A span in every trace that this one piece of work belongs to, by their ``traceparent``s."""
    with ExitStack() as spans:
        if telemetry.on():
            known = (trace for cause in dict.fromkeys(causes) if (trace := Trace.parse(cause)))
            for trace in islice(known, _MOST_LINKS):
                spans.enter_context(span(name, parent=trace))
        yield


class _Carrying:
    """A trace in force, entered once."""

    __slots__ = ("_tokens", "_trace")

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> Trace:
        self._tokens = _current.set(self._trace), _logged.set(self._trace.trace_id)
        return self._trace

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        current, logged = self._tokens
        _current.reset(current)
        _logged.reset(logged)


def _random_hex(size: int) -> str:
    """They tell spans apart and guard nothing, so they need no call to the kernel."""
    return f"{random.getrandbits(8 * size):0{2 * size}x}"


def traceparent() -> str:
    """The header of a record published here: the current context, or a new one."""
    return str(current() or Trace.new())

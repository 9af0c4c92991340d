"""W3C trace context, carried from record to record in the ``traceparent`` header and into every log line."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

import structlog

from kaiwa.bus.records import Record, header_text
from kaiwa.contracts.cloudevents import TRACEPARENT

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 0x01


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

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


_current: ContextVar[Trace | None] = ContextVar("kaiwa_trace", default=None)


def current() -> Trace | None:
    return _current.get()


def of(record: Record) -> Trace | None:
    """The context a record carries, if it carries a sound one."""
    return Trace.parse(header_text(record, TRACEPARENT))


@contextmanager
def within(parent: Trace | None) -> Iterator[Trace]:
    """A span below ``parent``, or of a new trace: what is logged and published inside carries it."""
    trace = parent.child() if parent else Trace.new()
    token = _current.set(trace)
    try:
        with structlog.contextvars.bound_contextvars(trace_id=trace.trace_id):
            yield trace
    finally:
        _current.reset(token)


def traceparent() -> str:
    """The header of a record published here: the current context, or a new one."""
    return str(current() or Trace.new())

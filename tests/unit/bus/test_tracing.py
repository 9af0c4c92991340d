import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.bus import tracing
from kaiwa.bus.tracing import Trace

A_TRACE, A_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"00-{A_TRACE}-{A_SPAN}-01", Trace(A_TRACE, A_SPAN, sampled=True)),
        (f"00-{A_TRACE}-{A_SPAN}-00", Trace(A_TRACE, A_SPAN, sampled=False)),
        (f"00-{A_TRACE}-{A_SPAN}-03", Trace(A_TRACE, A_SPAN, sampled=True)),
        (f"cc-{A_TRACE}-{A_SPAN}-01-later", Trace(A_TRACE, A_SPAN, sampled=True)),
        (f"00-{A_TRACE}-{A_SPAN}-01-more", None),
        (f"ff-{A_TRACE}-{A_SPAN}-01", None),
        (f"00-{'0' * 32}-{A_SPAN}-01", None),
        (f"00-{A_TRACE}-{'0' * 16}-01", None),
        (f"00-{A_TRACE.upper()}-{A_SPAN}-01", None),
        (f"00-{A_TRACE}-{A_SPAN}", None),
        ("", None),
        (None, None),
    ],
)
def test_parse(text: str | None, expected: Trace | None) -> None:
    assert Trace.parse(text) == expected


@given(st.text())
def test_anything_is_either_refused_or_means_what_it_says(text: str) -> None:
    trace = Trace.parse(text)
    assert trace is None or (trace.trace_id in text and trace.span_id in text)


def test_what_is_written_can_be_read() -> None:
    trace = Trace.new()
    assert Trace.parse(str(trace)) == trace
    assert trace.child().trace_id == trace.trace_id
    assert trace.child().span_id != trace.span_id


def test_inside_a_span_logs_and_records_carry_it() -> None:
    parent = Trace(A_TRACE, A_SPAN)
    with tracing.within(parent) as trace:
        assert trace.trace_id == A_TRACE
        assert tracing.current() == trace
        assert tracing.traceparent() == str(trace)
        assert structlog.contextvars.get_contextvars()["trace_id"] == A_TRACE
        with tracing.within(None) as other:
            assert other.trace_id != A_TRACE
        assert tracing.current() == trace
    assert tracing.current() is None
    assert "trace_id" not in structlog.contextvars.get_contextvars()

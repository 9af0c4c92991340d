from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import cast

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kaiwa.bus import tracing
from kaiwa.bus.records import Outgoing, Record
from kaiwa.bus.tracing import Trace
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.runtime import export, telemetry

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
    with tracing.span("work", parent=parent) as trace:
        assert trace.trace_id == A_TRACE
        assert tracing.current() == trace
        assert tracing.traceparent() == str(trace)
        assert structlog.contextvars.get_contextvars()["trace_id"] == A_TRACE
        with tracing.span("else") as other:
            assert other.trace_id != A_TRACE
        assert tracing.current() == trace
    assert tracing.current() is None
    assert "trace_id" not in structlog.contextvars.get_contextvars()


@pytest.fixture
def kept() -> Iterator[Callable[[], dict[str, ReadableSpan]]]:
    """The spans made inside, by name, once asked for."""
    memory = InMemorySpanExporter()
    with ExitStack() as stack:
        stack.enter_context(telemetry.recording(export.provider("test", memory)))

        def spans() -> dict[str, ReadableSpan]:
            stack.close()
            return {span.name: span for span in memory.get_finished_spans()}

        yield spans


def _record(topic: str, trace: Trace | None) -> Record:
    headers = () if trace is None else ((TRACEPARENT, str(trace).encode()),)
    return cast(Record, SimpleNamespace(topic=topic, headers=headers))


def test_a_span_continues_its_parent_and_says_only_the_type_of_an_error(
    kept: Callable[[], dict[str, ReadableSpan]],
) -> None:
    with (
        pytest.raises(ValueError, match="canary"),
        tracing.span("work", "server", parent=Trace(A_TRACE, A_SPAN)) as trace,
    ):
        raise ValueError("canary of a customer")
    span = kept()["work"]
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (A_TRACE, A_SPAN)
    assert f"{span.context.span_id:016x}" == trace.span_id
    assert span.status.description == "ValueError"
    assert "canary" not in span.to_json()


def test_who_decided_not_to_keep_a_trace_is_obeyed(kept: Callable[[], dict[str, ReadableSpan]]) -> None:
    with tracing.span("work", parent=Trace(A_TRACE, A_SPAN, sampled=False)) as trace:
        assert not trace.sampled
        assert trace.trace_id == A_TRACE
    assert kept() == {}


def test_a_batch_links_to_each_cause_once(kept: Callable[[], dict[str, ReadableSpan]]) -> None:
    causes = [Trace.new() for _ in range(3)]
    records = [_record("a", cause) for cause in (*causes, causes[0])] + [_record("a", None)]
    with tracing.processing("group", records), tracing.sending([Outgoing("b", b"key", b"")]):
        pass
    spans = kept()
    assert [f"{link.context.trace_id:032x}" for link in spans["process a"].links] == [
        cause.trace_id for cause in causes
    ]
    assert spans["process a"].attributes == {
        "messaging.system": "kafka",
        "messaging.destination.name": "a",
        "messaging.operation.type": "process",
        "messaging.consumer.group.name": "group",
        "messaging.batch.message_count": 5,
    }
    assert (parent := spans["send b"].parent) is not None
    assert parent.span_id == spans["process a"].context.span_id


@pytest.mark.parametrize(("waited", "continues"), [(59.0, True), (61.0, False)])
def test_a_long_wait_begins_a_trace_of_its_own(
    kept: Callable[[], dict[str, ReadableSpan]], waited: float, continues: bool
) -> None:
    cause = Trace(A_TRACE, A_SPAN)
    with tracing.resumed("call", "client", str(cause), waited=waited, attributes={}) as trace:
        pass
    span = kept()["call"]
    assert (trace.trace_id == A_TRACE) is continues
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ([] if continues else [A_TRACE])

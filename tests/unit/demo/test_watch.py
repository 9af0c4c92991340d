"""What the demo knows from the topics alone."""

import pytest
from aiokafka import ConsumerRecord
from demo_evidence import asked, ended, written

from kaiwa.bus.records import Record
from kaiwa.contracts import events, outcomes, sends, topics
from kaiwa.contracts.events import Kind
from kaiwa.devstack.demo.watch import Watch


def record(topic: str, value: bytes | None, *, key: bytes = b"key") -> Record:
    return ConsumerRecord(
        topic=topic,
        partition=0,
        offset=0,
        timestamp=0,
        timestamp_type=1,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=len(key),
        serialized_value_size=len(value or b""),
        headers=(),
    )


async def test_the_first_body_and_the_newest_state_of_a_request_count() -> None:
    watch = Watch()
    await watch.handle(
        [
            record(topics.SENDS, sends.encode(asked("r1", "first"))),
            record(topics.SENDS, sends.encode(asked("r1", "second"))),
            record(topics.OUTCOMES, outcomes.encode(ended("r1", "sent", "mid-1", seq=3))),
            record(topics.OUTCOMES, outcomes.encode(ended("r1", "in_doubt", seq=2))),
        ]
    )
    message = watch.requests["r1"].message
    assert message is not None
    assert message.text == "first"
    assert watch.state("r1") == "sent"
    assert watch.doubted == {"r1"}
    assert not watch.unanswered


async def test_a_redelivered_event_is_counted_once() -> None:
    watch = Watch()
    event = events.encode(written(0, Kind.MESSAGE_RECEIVED, {"mid": "m1", "text": "Hello"}).event)
    await watch.handle([record(topics.EVENTS, event), record(topics.EVENTS, event)])
    assert watch.kinds == {Kind.MESSAGE_RECEIVED: 1}
    assert watch.received("m1") is not None


async def test_tombstones_count_and_heartbeats_and_junk_do_not() -> None:
    watch = Watch()
    await watch.handle(
        [
            record(topics.EVENTS, None),
            record(topics.EVENTS, b"", key=topics.HEARTBEAT_KEY),
            record(topics.SENDS, b"{no json"),
        ]
    )
    assert (watch.tombstones, watch.requests, watch.kinds) == (1, {}, {})


async def test_what_does_not_happen_is_named() -> None:
    with pytest.raises(TimeoutError, match="the moon is blue"):
        await Watch().until(lambda: False, "the moon is blue", within=0.01)

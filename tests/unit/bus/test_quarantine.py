from datetime import UTC, datetime

from kaiwa.bus.quarantine import origin, quarantined
from kaiwa.contracts.quarantine import ACCOUNT, REASON, SOURCE, TIME, Cause
from kaiwa.contracts.topics import QUARANTINE, SENDS

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_the_value_is_the_original_and_all_else_is_in_headers() -> None:
    record = quarantined(
        b"\xff{",
        cause=Cause.WRONG_SHAPE,
        source=origin(SENDS, 3, 41),
        received_at=NOW,
        account_id="1784é",
        record_id="ID",
    )
    assert (record.topic, record.key, record.value, record.partition) == (QUARANTINE, b"ID", b"\xff{", None)
    assert dict(record.headers) == {
        REASON: b"wrong_shape",
        SOURCE: b"instagram.sends.v1/3/41",
        ACCOUNT: b"1784?",
        TIME: b"2026-11-22T10:00:00.000Z",
    }


def test_where_nothing_can_be_read_the_key_is_random() -> None:
    one, two = (quarantined(b"x", cause=Cause.NOT_JSON, source="webhook", received_at=NOW) for _ in range(2))
    assert one.key != two.key
    assert ACCOUNT not in dict(one.headers)

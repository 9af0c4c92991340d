"""Times on the wire, good and bad."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.contracts.times import from_ms, from_platform, parse, platform_rfc3339, rfc3339, to_ms

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
moments = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9999, 12, 30),  # noqa: DTZ001 - as above
    timezones=st.integers(-14, 14).map(lambda h: timezone(timedelta(hours=h))),
)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T12:00:00.000Z", NOON),
        ("2026-11-22T12:00:00Z", NOON),
        ("2026-11-22T21:00:00+09:00", NOON),
        ("2026-11-22T12:00:00+0000", NOON),
        ("2026-11-22T12:00:00.999999Z", NOON + timedelta(microseconds=999_999)),
    ],
)
def test_parse(text: str, moment: datetime) -> None:
    assert parse(text) == moment
    assert parse(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1795000000000",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22T12:00:00Zulu",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-11-22T12:00:00+99:99",
        "\ud800",
    ],
)
def test_what_is_no_time(text: str) -> None:
    """Breaks when anything but ValueError comes out: a record with such a time would rewind for ever."""
    with pytest.raises(ValueError):  # noqa: PT011 - many sentences, one meaning
        parse(text)


@given(st.text())
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert parse(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-11-22T12:00:00.000Z"),
        (NOON + timedelta(microseconds=1999), "2026-11-22T12:00:00.001Z"),
        (NOON + timedelta(microseconds=999_999), "2026-11-22T12:00:00.999Z"),
        (NOON.astimezone(timezone(timedelta(hours=9))), "2026-11-22T12:00:00.000Z"),
        (datetime(987, 6, 5, tzinfo=UTC), "0987-06-05T00:00:00.000Z"),
    ],
)
def test_rfc3339(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text


@given(moments)
def test_what_is_written_is_read_back_to_the_millisecond(moment: datetime) -> None:
    """Breaks when text is rounded up, or a year before 1000 is not padded."""
    lost = moment.astimezone(UTC) - parse(rfc3339(moment))
    assert timedelta() <= lost < timedelta(milliseconds=1)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_there_and_back(milliseconds: int) -> None:
    assert to_ms(from_ms(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (1_795_000_000_000, 1_795_000_000_000),
        (1_520_622_968, 1_520_622_968_000),
        ("1527459824", 1_527_459_824_000),
        ("1795000000000", 1_795_000_000_000),
        (10**11, 10**11),
        (10**11 - 1, (10**11 - 1) * 1000),
        (0, None),
        (-1, None),
        (True, None),
        (1.5, None),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("١٢٣", None),
        ("9" * 17, None),
        (10**400, None),
        (2**63, None),
        ([], None),
        ({}, None),
    ],
)
def test_metas_times(value: object, ms: int | None) -> None:
    """Milliseconds, seconds, or digits of either (platform.md 1.4). Breaks when the border between them moves."""
    assert from_platform(value) == (None if ms is None else from_ms(ms))
    assert platform_rfc3339(value) == (None if ms is None else rfc3339(from_ms(ms)))


@given(st.integers(1, 253_402_300_799_999))
def test_metas_times_as_text_at_once(value: int) -> None:
    """Breaks when the text built from a minute and the rest of it is not that of the moment."""
    moment = from_platform(value)
    assert platform_rfc3339(value) == (None if moment is None else rfc3339(moment))

"""The fuse of each app: blown by what cannot be decoded while that is most of its traffic, closed again by itself."""

from datetime import UTC, datetime

import pytest
from deliveries import body, entry, incoming, text

from kaiwa.ingest.fuse import Fuses
from kaiwa.ingest.normalise import normalise

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def noted(*counts: tuple[float, int, int]) -> Fuses:
    """Traffic of one app as (time, decoded, undecoded)."""
    fuses = Fuses()
    for at, decoded, undecoded in counts:
        fuses.note("1001", decoded=decoded, undecoded=undecoded, at=at)
    return fuses


@pytest.mark.parametrize(
    ("counts", "is_open"),
    [
        ([], False),
        ([(0, 0, 19)], False),
        ([(0, 0, 20)], True),
        ([(0, 20, 20)], False),
        ([(0, 19, 20)], True),
        ([(0, 1000, 0), (1, 0, 500)], False),
        ([(0, 0, 20), (1, 21, 0)], False),
    ],
)
def test_most_of_recent_traffic(counts: list[tuple[float, int, int]], is_open: bool) -> None:
    fuses = noted(*counts)
    assert fuses.open(at=2) == int(is_open)
    assert fuses.note("1001", decoded=0, undecoded=0, at=2) is is_open


@pytest.mark.parametrize(
    ("at", "is_open"), [(59, True), (61, True), (119, True), (121, False), (10_000, False)]
)
def test_time_closes_it(at: float, is_open: bool) -> None:
    fuses = noted((0, 0, 50))
    assert fuses.open(at=at) == int(is_open)
    assert fuses.note("1001", decoded=0, undecoded=0, at=at) is is_open


def test_each_app_has_its_own() -> None:
    fuses = noted((0, 0, 50))
    assert not fuses.note("1002", decoded=1, undecoded=0, at=0)
    assert fuses.open(at=0) == 1


@pytest.mark.parametrize(
    ("delivery", "undecoded"),
    [
        (b"nonsense", 1),
        (b"{}", 1),
        (body(entry(text("m1"), text("m2"))), 0),
        (body(entry(incoming(hologram={}), {"message": {}})), 0),
        (body(entry(text("m1"), 5, [], "x")), 3),
        (body(entry(text("m1"), "HERE")).replace(b'"HERE"', b'{"a":' * 90 + b"1" + b"}" * 90), 1),
        (b'{"object":"page","entry":[]}', 0),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_counts_is_what_cannot_be_decoded(delivery: bytes, undecoded: int) -> None:
    """A kind that nobody knows is decoded: it must not blow the fuse."""
    reading = normalise(delivery, app_id="1001", received_at=NOW, id_key=b"k" * 32)
    assert reading.undecoded == undecoded

"""Late copies of somebody erased gather in one case for a while; an unsent message's do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kaiwa.compliance.core.erasure import GATHERINGS, Belonging, Case, Known, Place, Subject, decide
from kaiwa.contracts import topics

THEN = datetime(2026, 11, 22, 10, tzinfo=UTC)
BOUND = timedelta(hours=1)
WHO = Subject("1", "2")


def back(offset: int, *, whose: str = "h", key: bytes | None = None) -> Belonging:
    place = Place(topics.EVENTS, 0, key or b"k%d" % offset)
    return Belonging(WHO, whose, place, offset, THEN, THEN + timedelta(seconds=offset))


KNOWN = Known(erased={"h": THEN, "other": THEN})


def test_what_a_batch_brings_back_is_one_case_for_each_person() -> None:
    """Broken by: a case for each record; one case for two people; a place that is left out."""
    cases = decide((), (), KNOWN, [back(1), back(2), back(3, whose="other"), back(4)]).cases
    assert {case.hash: {place.key for place in case.places or ()} for case in cases} == {
        "h": {b"k1", b"k2", b"k4"},
        "other": {b"k3"},
    }
    assert {case.appended_at for case in cases if case.hash == "h"} == {THEN + timedelta(seconds=1)}


def test_it_joins_the_case_that_gathers() -> None:
    """Broken by: opening another; joining that of somebody else."""
    decision = decide(
        (), (), replace(KNOWN, gathering={"h": "CASE"}), [back(1), back(2), back(3, whose="other")]
    )
    assert {(erasure_id, place.key) for erasure_id, place in decision.joined} == {
        ("CASE", b"k1"),
        ("CASE", b"k2"),
    }
    assert [case.hash for case in decision.cases] == ["other"]


def test_only_the_very_same_records_are_the_same_case() -> None:
    """Read once more in a longer batch, after a crash. Broken by: an id of the first record, or of the last (then what
    stood beside it has no tombstone)."""

    def opened(*offsets: int) -> str:
        (case,) = decide((), (), KNOWN, [back(offset) for offset in offsets]).cases
        return case.erasure_id

    assert opened(1, 3) == opened(3, 1)
    assert len({opened(1), opened(3), opened(1, 3), opened(1, 2, 3)}) == 4


@pytest.mark.parametrize(
    ("reason", "subject", "waits"),
    [
        ("late_copy", WHO, BOUND / GATHERINGS),
        ("late_copy", Subject("1", None), BOUND / GATHERINGS),
        ("late_copy", Subject("1", "2", "mid"), timedelta(0)),
        ("unsent", Subject("1", "2", "mid"), timedelta(0)),
        ("operator", WHO, timedelta(0)),
    ],
)
def test_whose_order_waits(reason: str, subject: Subject, waits: timedelta) -> None:
    """Broken by: making a person's request, or an unsend, wait for more of its kind."""
    case = Case("E", reason, subject, "h", THEN, THEN, None)  # type: ignore[arg-type]  # a row of the table
    assert case.gathers(BOUND) == waits

"""What `kaiwa deletions list` says of a case."""

import pytest

from kaiwa.compliance.commands.deletions import stands

AT = "2026-11-26T10:23:30.565Z"
LATER = "2026-11-26T10:23:57.460Z"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"state": "received", "found": 0, "received_at": AT}, "received"),
        ({"state": "closed", "found": 0, "received_at": AT, "closed_at": LATER}, "closed, 27 s"),
        (
            {"state": "verified", "found": 2, "received_at": AT, "tombstoned_at": AT, "verified_at": LATER},
            "verified, 27 s, found again 2 times",
        ),
        (
            {"state": "received", "found": 1, "received_at": AT, "tombstoned_at": None},
            "received, found again 1 times",
        ),
    ],
)
def test_how_far_a_case_is(row: dict[str, object], said: str) -> None:
    """Broken by: the time of another step; silence about what was found again."""
    assert stands(row) == said

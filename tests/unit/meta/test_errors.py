"""The table of Meta's errors against platform.md 4.5: the action of each code by hand from the document."""

import pytest

from kaiwa.meta.errors import RANGES, TABLE, Action, explain

UNKNOWN, DROP, FIX, WAIT = Action.UNKNOWN, Action.DROP, Action.FIX, Action.WAIT
RETRY, ONCE, PAUSE, PAUSE_APP = Action.RETRY, Action.ONCE, Action.PAUSE, Action.PAUSE_APP
REAUTH, RESTRICTED = Action.REAUTH, Action.RESTRICTED

DOCUMENT: list[tuple[int, int | None, Action]] = [
    (1, None, RETRY),  # RECONCILE then BACKOFF (<= 3)
    (1, 99, FIX),
    (1, 1357046, UNKNOWN),  # RECONCILE, treat as sent if echo
    (2, None, RETRY),  # BACKOFF <= 3: never without evidence here
    (2, 1545133, UNKNOWN),
    (2, 2018344, FIX),
    (3, None, FIX),
    (4, None, PAUSE_APP),
    (4, 1349210, PAUSE_APP),
    (4, 2018354, DROP),
    (9, 2018352, PAUSE),
    (10, None, REAUTH),
    (10, 2534022, DROP),
    (10, 2018278, DROP),
    (10, 2018065, DROP),
    (10, 2018108, DROP),
    (10, 2534077, REAUTH),
    (10, 1893063, RESTRICTED),  # PAUSE-ACCT, alert
    (10, 1893015, DROP),
    (17, None, PAUSE),
    (27, None, FIX),  # use request_thread_control
    (32, None, PAUSE_APP),
    (100, None, FIX),
    (100, 33, FIX),
    (100, 2018001, DROP),
    (100, 2534014, DROP),
    (100, 2018008, ONCE),
    (100, 2018047, DROP),
    (100, 2018109, DROP),
    (100, 2018294, ONCE),
    (100, 2018014, FIX),
    (100, 2018074, FIX),
    (100, 2534013, REAUTH),
    (100, 2534015, FIX),
    (100, 2534025, DROP),
    (100, 2534029, RESTRICTED),  # PAUSE-ACCT, alert
    (100, 2534037, DROP),  # hold or cancel
    (100, 2534001, DROP),
    (190, None, REAUTH),
    *((190, subcode, REAUTH) for subcode in (458, 459, 460, 463, 464, 467, 492)),
    (102, None, REAUTH),
    *((code, None, REAUTH) for code in (200, 201, 299)),
    (200, 2018028, FIX),
    (200, 2018027, FIX),
    (200, 1545041, DROP),
    (200, 2534041, REAUTH),
    (230, None, DROP),  # continue without profile
    (341, None, PAUSE_APP),
    (368, None, RESTRICTED),  # PAUSE-ACCT, alert
    (506, None, DROP),
    (551, None, DROP),
    (551, 1545041, DROP),
    (613, None, PAUSE),
    (613, 2534040, PAUSE),
    (613, 2018338, PAUSE),
    (613, 1893016, DROP),
    (2022, None, DROP),
    (36103, None, Action.INELIGIBLE),
    *((code, None, PAUSE) for code in (80001, 80002, 80006)),
    (2018300, None, DROP),  # hold or cancel
    (2018321, None, WAIT),  # BACKOFF minutes
    (2018171, None, FIX),
    (2018234, None, FIX),
    (2018218, None, DROP),  # continue
    (2018247, None, DROP),  # continue
    (9010, None, DROP),  # continue
    (9000001, None, DROP),  # keep local state
]


@pytest.mark.parametrize(("code", "subcode", "action"), DOCUMENT)
def test_the_document(code: int, subcode: int | None, action: Action) -> None:
    """Breaks when any row's action changes."""
    assert explain(code, subcode).action is action


def test_no_row_is_beside_the_document() -> None:
    assert set(TABLE) <= {(code, subcode) for code, subcode, _ in DOCUMENT}


@pytest.mark.parametrize(
    ("code", "subcode", "action"),
    [
        (199, None, FIX),
        (300, None, FIX),
        (250, 4711, REAUTH),
        (10, 4711, REAUTH),  # a subcode nobody knows: by code alone
        (1, 4711, UNKNOWN),  # not tried again, either: the document has a subcode that means "was sent"
        (2, 4711, UNKNOWN),
        (80_000, None, PAUSE),
        (80_009, 4711, PAUSE),
        (79_999, None, FIX),
        (80_010, None, FIX),
        (0, None, FIX),
        (-1, None, FIX),
        (9, None, FIX),
        (None, None, FIX),
        (None, 2534022, FIX),
    ],
)
def test_what_no_row_names(code: int | None, subcode: int | None, action: Action) -> None:
    assert explain(code, subcode).action is action


@pytest.mark.parametrize(
    ("code", "subcode", "action"),
    [(None, None, UNKNOWN), (4711, None, UNKNOWN), (10, 2534022, DROP), (250, None, REAUTH)],
)
def test_a_server_failure_speaks_where_no_row_does(
    code: int | None, subcode: int | None, action: Action
) -> None:
    """Promise 3. Breaks when an unlisted error of a failing server is final."""
    assert explain(code, subcode, passing=True).action is action


def test_every_explanation_is_a_sentence() -> None:
    rows = [*TABLE.values(), *(row for _, row in RANGES), explain(None, None)]
    assert all(row.explanation[0].isupper() and row.explanation.endswith((".", "?")) for row in rows)

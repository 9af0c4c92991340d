"""The thread as evidence: found, absent only where absence proves something, else unclear."""

from datetime import timedelta
from typing import Any

import pytest
from moments import MINUTE, MS, NOON, SECOND

from kaiwa.dispatcher.core.thread import SKEW, Absent, Doubted, Found, Unclear, heard_at, search
from kaiwa.meta.answers import ThreadMessage

CUSTOMER, SHOP = "1111", "1784"
HASH = {"hello": "aa", "bye": "bb"}

TEXT = Doubted(CUSTOMER, "text", bytes.fromhex("aa"), NOON)
IMAGE = Doubted(CUSTOMER, "image", None, NOON)


def told(mid: str = "m1", *, after: timedelta = SECOND, **fields: Any) -> ThreadMessage:
    usual: dict[str, Any] = {"from_id": SHOP, "text": "hello"}
    return ThreadMessage(mid=mid, created=NOON + after, **(usual | fields))


def shown(mid: str = "m1", **fields: Any) -> ThreadMessage:
    return told(mid, text=None, attachment_kinds=("image",), **fields)


def newer(count: int, *, oldest: timedelta = SECOND) -> list[ThreadMessage]:
    """Other people's later messages, the oldest of them so long after the call."""
    return [told(f"n{n}", after=oldest + n * SECOND, text="bye") for n in reversed(range(count))]


BEFORE = told("old", after=-MINUTE, text="bye")
FOUND = Found("m1", NOON + SECOND)


@pytest.mark.parametrize(
    ("doubted", "messages", "said"),
    [
        (TEXT, None, Unclear()),
        (TEXT, [], Absent()),
        (TEXT, [BEFORE], Absent()),
        (TEXT, [told()], FOUND),
        (TEXT, [told(from_id=None)], FOUND),
        (TEXT, [told(text="bye")], Absent()),
        (TEXT, [told(text=None)], Absent()),
        # the customer may say the same
        (TEXT, [told(from_id=CUSTOMER)], Absent()),
        # another part's message
        (TEXT, [told("theirs")], Absent()),
        # from before the call, by more than the clocks may differ
        (TEXT, [told(after=-SKEW)], Found("m1", NOON - SKEW)),
        (TEXT, [told(after=-SKEW - MS)], Absent()),
        # the oldest of several
        (TEXT, [told("m2", after=MINUTE), told()], FOUND),
        # twenty and no more can be read
        (TEXT, newer(19), Absent()),
        (TEXT, newer(20), Unclear()),
        (TEXT, [*newer(19), BEFORE], Absent()),
        (TEXT, newer(20, oldest=-SKEW), Unclear()),
        (TEXT, newer(20, oldest=-SKEW - MS), Absent()),
        (TEXT, [*newer(19), told()], FOUND),
        # media has no text to tell it by
        (IMAGE, [shown()], FOUND),
        (IMAGE, [shown(), shown("m2")], Unclear()),
        (IMAGE, [told()], Absent()),
        (IMAGE, [told(text=None, attachment_kinds=("video",))], Absent()),
        (Doubted(CUSTOMER, "text", None, NOON), [told()], Absent()),
    ],
)
def test_search(doubted: Doubted, messages: list[ThreadMessage] | None, said: Any) -> None:
    """Promise 3: absence behind newer traffic proves nothing. Breaks when the twenty are forgotten, when a customer's
    or another part's message settles ours, when an image is guessed.
    """
    assert search(doubted, messages, taken={"theirs"}, fingerprint=lambda text: HASH.get(text or "")) == said


@pytest.mark.parametrize(
    ("kind", "message", "said"),
    [
        ("audio", told(text=None, attachment_kinds=("file",)), FOUND),
        ("audio", shown(), Absent()),
        ("sticker", shown(), FOUND),
        ("file", told(text=None, attachment_kinds=("file",)), FOUND),
        # nothing says how these are shown: any own message without text might be one
        ("template", told(text=None), FOUND),
        ("share", shown(), FOUND),
        ("template", told(), Absent()),
    ],
)
def test_how_each_kind_shows_in_the_thread(kind: str, message: ThreadMessage, said: Any) -> None:
    """Promise 3. Breaks when a kind that the API shows under another name counts as absent."""
    doubted = Doubted(CUSTOMER, kind, None, NOON)
    assert search(doubted, [message], taken={"theirs"}, fingerprint=lambda text: HASH.get(text or "")) == said


@pytest.mark.parametrize(
    ("messages", "at"),
    [
        ([], None),
        ([told()], None),
        ([told(from_id=None)], None),
        ([told(), told("m2", from_id=CUSTOMER)], NOON + SECOND),
        ([told(from_id=CUSTOMER, after=MINUTE), told("m2", from_id=CUSTOMER)], NOON + MINUTE),
    ],
)
def test_when_the_customer_was_last_heard(messages: list[ThreadMessage], at: Any) -> None:
    """Promise 4. Breaks when the shop's own message, or nobody's, opens a window."""
    assert heard_at(messages, CUSTOMER) == at

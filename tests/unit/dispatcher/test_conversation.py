"""What events teach about a conversation, and that neither their order nor their number matters."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import MINUTE, NOON

from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.times import rfc3339
from kaiwa.dispatcher.core.conversation import (
    Change,
    Echo,
    Enforcement,
    Remark,
    change,
    earliest,
    echo,
    enforcement,
    merge,
    remark,
)
from kaiwa.dispatcher.core.state import Control

US, THEM = "1001", "2002"
SHOP, ALICE = "17841400000000001", "1111"


def event(kind: str, data: Any = None, **fields: Any) -> Event:
    usual: dict[str, Any] = {
        "id": "E",
        "kind": kind,
        "app_id": US,
        "account_id": SHOP,
        "customer_id": ALICE,
        "occurred_at": rfc3339(NOON),
        "time_source": "event",
        "received_at": rfc3339(NOON + MINUTE),
        "stream": "messaging",
        "data": msgspec.Raw(msgspec.json.encode(data)),
    }
    return Event(**(usual | fields))


MESSAGE = {"mid": "m1", "text": "hello"}
OPENS = {
    Kind.MESSAGE_RECEIVED: MESSAGE,
    Kind.POSTBACK_RECEIVED: {"title": "t"},
    Kind.REACTION_ADDED: {"mid": "m1", "reaction": "love"},
    Kind.REFERRAL_RECEIVED: {"ref": "r"},
}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(("stream", "control"), [("messaging", "ours"), ("standby", "other")])
def test_what_opens_the_window(kind: Kind, stream: str, control: Control) -> None:
    """Promise 4 (platform.md 3.1). Breaks when an echo, a comment, an edit, an unsend or a read opens the window."""
    if kind in (Kind.CONTROL_PASSED, Kind.CONTROL_TAKEN):
        return
    learnt = change(event(kind, OPENS.get(kind, MESSAGE), stream=stream), 3)
    if kind in OPENS:
        assert learnt == Change(SHOP, ALICE, 3, NOON, NOON, control, NOON)
    else:
        assert learnt is None


@pytest.mark.parametrize("kind", list(OPENS))
def test_the_time_of_delivery_opens_nothing(kind: Kind) -> None:
    """Promise 4: only the event's own time counts. Breaks when ``time_source`` is not looked at."""
    assert change(event(kind, OPENS[kind], time_source="delivery"), 0) is None


@pytest.mark.parametrize("time_source", ["event", "delivery"])
def test_a_question_is_noted_whatever_its_time(time_source: str) -> None:
    """Promise 7. Breaks when a question is dropped with the window it cannot open."""
    asked = {"mid": "m1", "text": "Are you a BOT?"}
    learnt = change(event(Kind.MESSAGE_RECEIVED, asked, time_source=time_source), 0)
    assert learnt is not None
    assert learnt.asked_at == NOON
    assert learnt.window_opened_at == (NOON if time_source == "event" else None)


@pytest.mark.parametrize("kind", [Kind.CONTROL_PASSED, Kind.CONTROL_TAKEN])
@pytest.mark.parametrize(
    ("data", "control"),
    [
        ({"new_owner_app_id": US}, "ours"),
        ({"new_owner_app_id": THEM}, "other"),
        ({"new_owner_app_id": None}, "other"),
        ({}, "other"),
    ],
)
def test_control_events(kind: Kind, data: Any, control: Any) -> None:
    assert change(event(kind, data), 2) == Change(SHOP, ALICE, 2, control=control, control_at=NOON)


@pytest.mark.parametrize("kind", [Kind.CONTROL_PASSED, Kind.MESSAGE_RECEIVED, Kind.MESSAGE_ECHOED])
@pytest.mark.parametrize("data", [None, [], "text", {"mid": 1, "new_owner_app_id": []}])
def test_a_wrong_shape_is_named_so(kind: Kind, data: Any) -> None:
    """Breaks when a shape that a reader does not expect raises what no handler catches (it would rewind for ever)."""
    item = event(kind, data)
    with pytest.raises(msgspec.DecodeError):
        echo(item) if kind == Kind.MESSAGE_ECHOED else change(item, 0)


@pytest.mark.parametrize("missing", ["account_id", "customer_id"])
def test_without_a_conversation_nothing_is_learnt(missing: str) -> None:
    assert change(event(Kind.MESSAGE_RECEIVED, MESSAGE, **{missing: None}), 0) is None
    assert echo(event(Kind.MESSAGE_ECHOED, MESSAGE, **{missing: None})) is None


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        ({"mid": "m", "text": "hi"}, "text", "hi"),
        ({"mid": "m", "text": "hi", "attachments": [{"type": "image"}]}, "text", "hi"),
        ({"mid": "m", "attachments": [{"type": "image"}, {"type": "video"}]}, "image", None),
        ({"mid": "m"}, "other", None),
        ({"mid": "m", "text": ""}, "other", ""),
    ],
)
def test_echo(data: Any, kind: str, text: str | None) -> None:
    assert echo(event(Kind.MESSAGE_ECHOED, data)) == Echo(SHOP, ALICE, "m", kind, text, NOON)


def test_only_an_echo_is_one() -> None:
    assert echo(event(Kind.MESSAGE_RECEIVED, MESSAGE)) is None


@dataclass
class Row:
    """``apply_changes`` of conversations.sql: the greatest wins, control by the newest, ``other`` on a tie."""

    window_opened_at: datetime | None = None
    last_customer_at: datetime | None = None
    asked_at: datetime | None = None
    control: str | None = None
    control_at: datetime | None = None

    def apply(self, new: Change) -> None:
        for name in ("window_opened_at", "last_customer_at", "asked_at"):
            known = [at for at in (getattr(self, name), getattr(new, name)) if at is not None]
            setattr(self, name, max(known, default=None))
        if new.control_at is None:
            return
        wins = self.control_at is None or new.control_at > self.control_at
        if wins or (new.control_at == self.control_at and new.control == "other"):
            self.control, self.control_at = new.control, new.control_at


happenings = st.builds(
    lambda kind, data, minute, stream, source, customer: event(
        kind,
        data,
        occurred_at=rfc3339(NOON + minute * MINUTE),
        stream=stream,
        time_source=source,
        customer_id=customer,
    ),
    kind=st.sampled_from([Kind.MESSAGE_RECEIVED, Kind.CONTROL_PASSED, Kind.CONTROL_TAKEN]),
    data=st.sampled_from(
        [
            {"mid": "m", "new_owner_app_id": US},
            {"mid": "m", "new_owner_app_id": THEM, "text": "are you a bot?"},
        ]
    ),
    minute=st.integers(0, 3),
    stream=st.sampled_from(["messaging", "standby"]),
    source=st.sampled_from(["event", "event", "delivery"]),
    customer=st.sampled_from([ALICE, "2222"]),
)


def settled(batches: list[list[Event]]) -> dict[str, Row]:
    """The rows after these batches, one statement each."""
    rows: dict[str, Row] = {}
    for batch in batches:
        changes = [learnt for item in batch if (learnt := change(item, 0))]
        merged = merge(changes)
        assert len({c.customer_id for c in merged}) == len(merged)
        for one in merged:
            rows.setdefault(one.customer_id, Row()).apply(one)
    return rows


@given(st.lists(happenings, min_size=1, max_size=8), st.data())
def test_any_order_any_repetition_and_any_batches_end_the_same(events: list[Event], data: Any) -> None:
    """Promise 2. Breaks when a tie in ``control_at`` goes to whoever comes last (``>=`` in ``_join``), or when
    ``_join`` takes a field from one side only.
    """
    shuffled = data.draw(st.permutations(events)) + data.draw(st.lists(st.sampled_from(events), max_size=4))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    edges = [0, *cuts, len(shuffled)]
    batches = [shuffled[a:b] for a, b in pairwise(edges)]
    assert settled(batches) == settled([[item] for item in events])


def test_a_tie_keeps_us_silent() -> None:
    """Promise 4. Breaks when the last of two equally new events wins."""
    ours = event(Kind.CONTROL_TAKEN, {"new_owner_app_id": US})
    theirs = event(Kind.CONTROL_PASSED, {"new_owner_app_id": THEM})
    assert {settled([order])[ALICE].control for order in ([ours, theirs], [theirs, ours])} == {"other"}


def test_every_field_of_a_change_is_merged() -> None:
    """Breaks when a field is added to Change and forgotten in ``_join``."""
    empty = Change(SHOP, ALICE, 1)
    full = Change(SHOP, ALICE, 1, NOON, NOON, "ours", NOON, NOON)
    assert all(getattr(full, name) is not None for name in Change.__struct_fields__)
    assert merge([empty, full]) == merge([full, empty]) == [full]


COMMENT = {"comment_id": "c1", "text": "How much?"}


@pytest.mark.parametrize(
    ("kind", "data", "fields", "learnt"),
    [
        (Kind.COMMENT_RECEIVED, COMMENT, {}, Remark(SHOP, "c1", ALICE, NOON, live=False)),
        (Kind.LIVE_COMMENT_RECEIVED, COMMENT, {}, Remark(SHOP, "c1", ALICE, NOON, live=True)),
        (Kind.COMMENT_RECEIVED, COMMENT | {"is_own": True}, {}, None),
        (Kind.COMMENT_RECEIVED, COMMENT, {"customer_id": None}, None),
        (Kind.COMMENT_RECEIVED, COMMENT, {"account_id": None}, None),
        (Kind.MESSAGE_RECEIVED, MESSAGE, {}, None),
        (Kind.MENTION_RECEIVED, {"media_id": "9", "comment_id": "c1"}, {}, None),
    ],
)
def test_which_comments_may_be_answered(kind: Kind, data: Any, fields: Any, learnt: Remark | None) -> None:
    """Promise 4. Breaks when the account's own comment, or a mention in somebody else's, allows a private reply."""
    assert remark(event(kind, data, **fields)) == learnt


@given(st.lists(st.tuples(st.sampled_from(["c1", "c2"]), st.integers(0, 9)), max_size=8))
def test_the_earliest_delivery_of_each_comment_counts(seen: list[tuple[str, int]]) -> None:
    """Breaks when the last one of a batch wins: its seven days would begin again with each repetition."""
    found = earliest([Remark(SHOP, name, ALICE, NOON + n * MINUTE, live=False) for name, n in seen])
    first = {name: min(n for other, n in seen if other == name) for name, _ in seen}
    assert {item.comment_id: item.seen_at for item in found} == {
        name: NOON + n * MINUTE for name, n in first.items()
    }
    assert len(found) == len(first)


@pytest.mark.parametrize(
    ("kind", "data", "learnt"),
    [
        (Kind.POLICY_ENFORCED, {"action": "block", "reason": "r"}, Enforcement(SHOP, True, NOON)),
        (Kind.POLICY_ENFORCED, {"action": "unblock"}, Enforcement(SHOP, False, NOON)),
        (Kind.POLICY_ENFORCED, {"action": "warning"}, None),
        (Kind.POLICY_ENFORCED, {}, None),
        (Kind.POLICY_ENFORCED, None, None),
        (Kind.MESSAGE_RECEIVED, {"action": "block", "mid": "m"}, None),
    ],
)
def test_what_an_enforcement_does(kind: Kind, data: Any, learnt: Enforcement | None) -> None:
    """Breaks when a warning stops an account, or an unblocking is not heard."""
    assert enforcement(event(kind, data)) == learnt
    assert enforcement(event(kind, data, account_id=None)) is None

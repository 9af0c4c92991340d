"""The short way for plain texts says what the long way says, or nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaiwa.ingest.normalise import envelope, messaging, plain
from kaiwa.ingest.normalise.fields import decoded
from kaiwa.ingest.normalise.meaning import Sighting

ACCOUNT, CUSTOMER, SENT_MS = "17841400000000001", "1102", 1_795_000_000_123

Strategy = st.SearchStrategy[object]

ids: Strategy = st.sampled_from([ACCOUNT, CUSTOMER, "", "a b", "é", 1102, 1.0, None, True])
parties: Strategy = st.fixed_dictionaries({"id": ids}, optional={"user_ref": st.just("r")}) | st.sampled_from(
    [None, "x", {}]
)
texts = st.text(max_size=3) | st.none() | st.integers()
messages: Strategy = st.fixed_dictionaries(
    {"mid": texts, "text": texts}, optional={"is_echo": st.booleans(), "is_deleted": st.booleans()}
) | st.sampled_from([None, [], {"mid": "m"}])
moments: Strategy = st.sampled_from(
    [
        SENT_MS,
        SENT_MS // 1000,
        str(SENT_MS),
        float(SENT_MS),
        0,
        -1,
        True,
        None,
        10**11,
        10**18,
        10**25,
        [[[]]],
    ]
)
items = st.fixed_dictionaries(
    {"sender": parties, "recipient": parties, "timestamp": moments, "message": messages},
    optional={"read": st.just({"mid": "m"}), "hop_context": st.just([])},
)


def ways(item: object, account_id: str | None) -> tuple[Sighting | None, Sighting]:
    raw = msgspec.Raw(msgspec.json.encode(item) if not isinstance(item, bytes) else item)
    return plain.sight(raw, account_id), messaging.sight(decoded(raw), account_id)


@given(items, st.sampled_from([ACCOUNT, CUSTOMER, None]))
def test_both_ways_agree(item: object, account_id: str | None) -> None:
    """Breaks when the short way takes an item of which it does not say all."""
    short, long = ways(item, account_id)
    assert short is None or short == long


def plain_text(**changed: object) -> dict[str, object]:
    return {
        "sender": {"id": CUSTOMER},
        "recipient": {"id": ACCOUNT},
        "timestamp": SENT_MS,
        "message": {"mid": "m", "text": "ありがとう"},
    } | changed


@pytest.mark.parametrize("sender", [CUSTOMER, ACCOUNT])
def test_it_takes_a_plain_text(sender: str) -> None:
    """Breaks when the short way is never taken, which nothing but the clock would show."""
    short, long = ways(plain_text(sender={"id": sender}), ACCOUNT)
    assert short == long
    assert short is not None
    assert short.whole


@pytest.mark.parametrize(
    "item",
    [
        plain_text(timestamp=float(SENT_MS)),
        plain_text(timestamp=SENT_MS // 1000),
        plain_text(message={"mid": "", "text": "t"}),
        plain_text(message={"mid": "m", "text": "t", "is_echo": False}),
        plain_text(sender={"id": 1102}),
        plain_text(sender={"id": "a b"}),
        plain_text(recipient={"id": "a b"}),
        plain_text(sender={"id": ACCOUNT}, recipient={"id": "a b"}),
        plain_text(new_field=None),
    ],
)
def test_it_leaves_everything_else(item: dict[str, object]) -> None:
    short, _ = ways(item, ACCOUNT)
    assert short is None


entries: Strategy = st.fixed_dictionaries(
    {
        "id": ids,
        "time": moments,
        "messaging": st.lists(st.sampled_from([plain_text(), {}, 1, "🙂"]), max_size=2) | st.none(),
    },
    optional={"standby": st.just([]), "field": st.just("comments")},
) | st.sampled_from([None, {"id": ACCOUNT}])
notified = st.fixed_dictionaries(
    {"object": st.sampled_from(["instagram", "page", None]), "entry": st.lists(entries, max_size=3)},
    optional={"more": st.none()},
)


@given(notified)
def test_both_ways_find_the_same_items(notification: object) -> None:
    """Breaks when the short way takes a body of which it does not find every item, or finds another."""
    body = msgspec.json.encode(notification)
    short = plain.items(body)
    if short is not None:
        assert [envelope.object_of(one) for one in envelope.notifications(body)] == ["instagram"]
        assert list(map(told, short)) == list(map(told, envelope.items(msgspec.Raw(body))))


def told(found: envelope.Found) -> tuple[object, ...]:
    return (bytes(found.item), *msgspec.structs.astuple(found)[1:])


def test_it_takes_a_plain_body() -> None:
    """Breaks when the short way is never taken, which nothing but the clock would show."""
    entry = {"id": ACCOUNT, "time": SENT_MS, "messaging": [plain_text(), 1]}
    body = msgspec.json.encode({"object": "instagram", "entry": [entry, entry]})
    assert len(plain.items(body) or ()) == 4


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"object":"instagram"}', b'{"object":"instagram","entry":[{}]}', b'"\xff"', b"[" * 5_000],
)
def test_it_leaves_every_other_body(body: bytes) -> None:
    assert plain.items(body) is None


def test_what_is_nested_too_deeply_is_left() -> None:
    deep = b'{"timestamp":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    assert plain.sight(msgspec.Raw(deep), ACCOUNT) is None

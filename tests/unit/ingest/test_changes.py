"""What comes in ``changes`` and in the flat form (platform.md 1.4, 1.6, 1.7), and the event it makes."""

from typing import Any

import msgspec
import pytest
from deliveries import ACCOUNT, CUSTOMER, SENT_MS, body, entry, incoming, outgoing, text
from readings import Case, data, read

COMMENT = {
    "from": {"id": "55", "username": "u"},
    "text": "Nice",
    "media": {"id": "9", "media_product_type": "FEED"},
}
_COMMENTED = {"comment_id": "c1", "text": "Nice", "username": "u", "media": COMMENT["media"]}

CHANGES = [
    Case("comment", {"field": "comments", "value": {"id": "c1", **COMMENT}}, "comment.received", _COMMENTED),
    Case(
        "comment as documented",
        {"field": "comments", "value": {"comment_id": "c1", "parent_id": "c0", **COMMENT}},
        "comment.received",
        {**_COMMENTED, "parent_id": "c0"},
    ),
    Case(
        "comment of its own",
        {"field": "comments", "value": {"id": "c1", "from": {"id": ACCOUNT}, "text": "Thanks"}},
        "comment.received",
        {"comment_id": "c1", "text": "Thanks", "is_own": True},
    ),
    Case("comment without text", {"field": "comments", "value": {"id": "c1"}}, "comment.received", {"comment_id": "c1"}),
    Case("comment without id", {"field": "comments", "value": {"text": "a"}}, "unknown", {}),
    Case(
        "comment under an ad",
        {"field": "comments", "value": {"id": "c1", "media": {"id": "9", "ad_id": "3", "ad_title": "t", "original_media_id": "8"}}},
        "comment.received",
        {"comment_id": "c1", "media": {"id": "9", "ad_id": "3", "ad_title": "t", "original_media_id": "8"}},
    ),
    Case(
        "live comment",
        {"field": "live_comments", "value": {"comment_id": "c1", **COMMENT}},
        "live_comment.received",
        _COMMENTED,
    ),
    Case("live comment of its own", {"field": "live_comments", "value": {"id": "c1", "from": {"id": ACCOUNT}}}, "live_comment.received", {"comment_id": "c1", "is_own": True}),
    Case("mention", {"field": "mentions", "value": {"media_id": "9"}}, "mention.received", {"media_id": "9"}),
    Case("mention in a comment", {"field": "mentions", "value": {"media_id": 9, "comment_id": "c1"}}, "mention.received", {"media_id": "9", "comment_id": "c1"}),
    Case("mention among the comments", {"field": "comments", "value": {"media_id": "9", "comment_id": "c1"}}, "mention.received", {"media_id": "9", "comment_id": "c1"}),
    Case("mention of nothing", {"field": "mentions", "value": {"comment_id": "c1"}}, "unknown", {}),
    Case(
        "story insights",
        {"field": "story_insights", "value": {"media_id": "9", "impressions": 120, "reach": -1, "exits": 0}},
        "story_insights.received",
        {"media_id": "9", "impressions": 120, "reach": None, "exits": 0},
    ),
    Case("a field of tomorrow", {"field": "creator_marketplace_x", "value": {"from": {"id": "55"}}}, "unknown", {}),
    Case("a field that is no word", {"field": 5, "value": {}}, "unknown", {}),
    Case("a value that is no object", {"field": "comments", "value": "x"}, "unknown", {}),
]  # fmt: skip


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case.name)
def test_changes_and_the_flat_form_say_the_same(case: Case) -> None:
    [event] = read(body(entry(case.item, stream="changes")))
    [flat] = read(body({"id": ACCOUNT, "time": SENT_MS, **case.item}))
    for seen in (event, flat):
        assert (seen.kind, data(seen), seen.stream) == (case.kind, case.data, "changes")
        assert seen.time_source == "delivery"
        assert msgspec.json.decode(seen.raw) == (case.item if case.kind == "unknown" else None)
    assert event.id == flat.id


def test_a_comments_customer_is_its_author() -> None:
    [event] = read(body(entry({"field": "comments", "value": {"id": "c1", **COMMENT}}, stream="changes")))
    assert event.customer_id == "55"


def test_an_ads_comment_that_comes_twice_is_one_event() -> None:
    first, second = read(
        body(
            entry(
                *({"field": "comments", "value": {key: "c1", **COMMENT}} for key in ("id", "comment_id")),
                stream="changes",
            )
        )
    )
    assert first.id == second.id


SAMPLE = {
    "sender": {"id": "12334"},
    "recipient": {"id": "23245"},
    "timestamp": "1527459824",
    "message": {"mid": "random_mid", "text": "random_text"},
}


@pytest.mark.parametrize(
    ("delivered", "told"),
    [
        (entry({"field": "messages", "value": SAMPLE}, stream="changes", account="0"), {"field": "messages"}),
        (entry({"field": "messages", "value": SAMPLE}, stream="changes"), {"field": "messages"}),
        (entry(SAMPLE, account="0"), {}),
        (entry(SAMPLE, account=0, stream="standby"), {}),
        ({"id": "0", "time": 1, "field": "messages", "value": SAMPLE}, {"field": "messages"}),
    ],
)
def test_the_dashboards_test_is_no_message(delivered: Any, told: dict[str, str]) -> None:
    [event] = read(body(delivered))
    assert (event.kind, data(event), event.customer_id) == ("test.received", told, None)
    assert (event.occurred_at, event.time_source) == ("2018-05-27T22:23:44.000Z", "event")
    assert b"random_text" in bytes(event.raw)


def test_other_tests_of_the_dashboard() -> None:
    [event] = read(body(entry({"field": "comments", "value": COMMENT}, stream="changes", account="0")))
    assert (event.kind, data(event)) == ("test.received", {"field": "comments"})


@pytest.mark.parametrize("value", [text("m1"), outgoing(message={"mid": "m1", "text": "a", "is_echo": True})])
def test_a_message_of_the_account_is_one_in_changes_too(value: Any) -> None:
    item = {"field": "messages", "value": value}
    [event] = read(body(entry(item, stream="changes")))
    assert (event.kind.split(".")[0], event.customer_id, event.stream) == ("message", CUSTOMER, "changes")
    assert msgspec.json.decode(event.raw) == item
    assert event.id == read(body(entry(value)))[0].id


def test_values_switched_off_say_so() -> None:
    delivered = {"id": ACCOUNT, "time": SENT_MS, "changed_fields": ["comments"]}
    [event] = read(body(delivered))
    assert (event.kind, data(event)) == ("subscription.misconfigured", {"changed_fields": ["comments"]})
    assert msgspec.json.decode(event.raw) == {"changed_fields": ["comments"]}


def test_everything_in_one_entry() -> None:
    """All arrays, the flat form and ``changed_fields`` beside each other, of both login flavours in one body."""
    mixed = {
        "id": ACCOUNT,
        "time": SENT_MS,
        "messaging": [text("m1"), incoming(read={"mid": "m0"})],
        "standby": [incoming(postback={"title": "Start"})],
        "changes": [{"field": "mentions", "value": {"media_id": "9"}}],
        "changed_fields": ["story_insights"],
    }
    flat = {
        "id": "17841400000000002",
        "time": 1520622968,
        "field": "comments",
        "value": {"id": "c1", **COMMENT},
    }
    made = read(body(mixed, flat))
    assert [(event.kind, event.stream) for event in made] == [
        ("message.received", "messaging"),
        ("message.seen", "messaging"),
        ("postback.received", "standby"),
        ("mention.received", "changes"),
        ("subscription.misconfigured", "changes"),
        ("comment.received", "changes"),
    ]
    assert made[-1].occurred_at == "2018-03-09T19:16:08.000Z"

"""Webhook items and notifications in Meta's wire form (platform notes, sections 1.4 to 1.7)."""

import json
from typing import Any

import pytest
from play import ALICE, NOW, SHOP, Play, text_to

from kaiwa.simulator.actions import Edit, React, Refer, Remark, See, Tap, Type, Unreact, Unsend, Write
from kaiwa.simulator.delivery import notification

MS = int(NOW * 1000)
FROM_ALICE = {"sender": {"id": ALICE}, "recipient": {"id": SHOP}, "timestamp": MS}
FROM_SHOP = {"sender": {"id": SHOP}, "recipient": {"id": ALICE}, "timestamp": MS}


def only_app(play: Play) -> None:
    play.shop(tokens={"1001": "token-1001"})


def item(play: Play, action: Any) -> dict[str, Any]:
    (event,) = play.act(action)[1]
    return event.item


def test_text(play: Play) -> None:
    only_app(play)
    mid, (event,) = play.act(Write(account_id=SHOP, customer_id=ALICE, text="会話"))
    assert event.item == {**FROM_ALICE, "message": {"mid": mid, "text": "会話"}}
    assert len(mid) > 100
    assert mid.startswith("aWdfZAG1")


ACTIONS = [
    (lambda m: Edit(mid=m, text="b"), lambda m: {"message_edit": {"mid": m, "text": "b", "num_edit": 1}}),
    (lambda m: Unsend(mid=m), lambda m: {"message": {"mid": m, "is_deleted": True}}),
    (
        lambda m: React(mid=m),
        lambda m: {"reaction": {"mid": m, "action": "react", "reaction": "love", "emoji": "❤️"}},
    ),
    (lambda m: Unreact(mid=m), lambda m: {"reaction": {"mid": m, "action": "unreact"}}),
    (lambda m: See(mid=m), lambda m: {"read": {"mid": m}}),
    (
        lambda _: Refer(account_id=SHOP, customer_id=ALICE, ref="qr"),
        lambda _: {"referral": {"ref": "qr", "source": "SHORTLINKS", "type": "OPEN_THREAD"}},
    ),
]


@pytest.mark.parametrize(("action", "part"), ACTIONS)
def test_actions_on_a_message(play: Play, action: Any, part: Any) -> None:
    only_app(play)
    mid = play.write()
    assert item(play, action(mid)) == {**FROM_ALICE, **part(mid)}


def test_message_details(play: Play) -> None:
    only_app(play)
    mid = play.write("first")
    message = item(
        play,
        Write(
            account_id=SHOP,
            customer_id=ALICE,
            attachments=["image", "ephemeral", "ig_reel"],
            reply_to=mid,
            quick_reply="blue",
            unsupported=True,
        ),
    )["message"]
    assert "text" not in message
    assert [part["type"] for part in message["attachments"]] == ["image", "ephemeral", "ig_reel"]
    assert message["attachments"][0]["payload"]["url"].startswith("https://lookaside.fbsbx.com/")
    assert "payload" not in message["attachments"][1]
    assert message["reply_to"] == {"mid": mid, "is_self_reply": False}
    assert message["quick_reply"] == {"payload": "blue"}
    assert message["is_unsupported"] is True


def test_story_reply(play: Play) -> None:
    only_app(play)
    message = item(play, Write(account_id=SHOP, customer_id=ALICE, text="wow", story_reply=True))["message"]
    assert set(message["reply_to"]["story"]) == {"id", "url"}


def test_echo_carries_the_answers_mid_and_the_app(play: Play) -> None:
    only_app(play)
    play.write()
    verdict = play.send()
    mid = verdict.answer["message_id"]
    (event,) = verdict.events
    assert event.item == {
        **FROM_SHOP,
        "message": {"mid": mid, "is_echo": True, "text": "Yes", "app_id": 1001},
    }


def test_echo_without_app_id_and_of_a_person_in_the_app(play: Play) -> None:
    play.shop(tokens={"1001": "token-1001"}, echo_app_id=False)
    play.write()
    assert "app_id" not in play.send().events[0].item["message"]
    play.shop(tokens={"1001": "token-1001"})
    typed = item(play, Type(account_id=SHOP, customer_id=ALICE, text="I am Ken"))
    assert typed["message"]["is_echo"] is True
    assert "app_id" not in typed["message"]
    other = item(play, Type(account_id=SHOP, customer_id=ALICE, text="bot", app_id="3003"))
    assert other["message"]["app_id"] == 3003


def test_unsend_of_our_own_message(play: Play) -> None:
    only_app(play)
    play.write()
    mid = play.send().answer["message_id"]
    expected = {"mid": mid, "is_deleted": True, "is_echo": True}
    assert item(play, Unsend(mid=mid)) == {**FROM_SHOP, "message": expected}


@pytest.mark.parametrize(
    ("login", "page_id", "key"), [("facebook", "1", "comment_id"), ("instagram", None, "id")]
)
def test_comment(play: Play, login: str, page_id: str | None, key: str) -> None:
    play.shop(tokens={"1001": "token-1001"}, login=login, page_id=page_id)
    made, (event,) = play.act(Remark(account_id=SHOP, customer_id=ALICE, text="price?", media_id="179"))
    assert event.stream == "changes"
    assert event.item == {
        "field": "comments",
        "value": {
            key: made,
            "from": {"id": ALICE, "username": "alice"},
            "text": "price?",
            "media": {"id": "179", "media_product_type": "FEED"},
        },
    }


def test_standby_hears_everything_but_a_postbacks_payload(play: Play) -> None:
    play.shop(default_app="1001")
    _, events = play.act(Tap(account_id=SHOP, customer_id=ALICE, title="Menu", payload="secret"))
    by_app = {event.app_id: event for event in events}
    assert by_app["1001"].stream == "messaging"
    assert by_app["2002"].stream == "standby"
    assert by_app["1001"].item["postback"]["payload"] == "secret"
    assert "payload" not in by_app["2002"].item["postback"]


def test_zero_config_tells_every_app(play: Play) -> None:
    _, events = play.act(Write(account_id=SHOP, customer_id=ALICE, text="hi"))
    assert [(event.app_id, event.stream) for event in events] == [
        ("1001", "messaging"),
        ("2002", "messaging"),
    ]


def test_creator_account_is_silent_until_the_conversations_api_was_called(play: Play) -> None:
    play.shop(creator=True)
    assert play.act(Write(account_id=SHOP, customer_id=ALICE, text="hi"))[1] == []
    play.read("me/conversations", {"platform": "instagram"})
    assert play.act(Write(account_id=SHOP, customer_id=ALICE, text="hi"))[1] != []


def test_notification_envelope(play: Play) -> None:
    """`entry.time` is the time of sending: milliseconds for messages, seconds for changes."""
    only_app(play)
    events = play.act(Write(account_id=SHOP, customer_id=ALICE, text="a/b"))[1]
    events += play.act(Remark(account_id=SHOP, customer_id=ALICE, text="é"))[1]
    events += play.send(text_to(ALICE)).events
    body = notification(events, NOW + 60)
    assert body.isascii()
    assert rb"a\/b" in body
    parsed = json.loads(body)
    assert parsed["object"] == "instagram"
    messaging, changes = parsed["entry"]
    assert (messaging["id"], messaging["time"], changes["time"]) == (SHOP, MS + 60_000, int(NOW) + 60)
    assert [len(messaging["messaging"]), len(changes["changes"])] == [2, 1]


URL = {"url": "https://a/b"}
BUTTONS = {
    "template_type": "button",
    "text": "Buy?",
    "buttons": [{"type": "postback", "title": "b", "payload": "p"}],
}
ECHOES = [
    ({"attachment": {"type": "video", "payload": URL}}, ["video"]),
    ({"attachments": [{"type": "image", "payload": URL}] * 3}, ["image"] * 3),
    ({"attachment": {"type": "like_heart"}}, ["image"]),
    ({"attachment": {"type": "MEDIA_SHARE", "payload": {"id": "179"}}}, ["ig_post"]),
    ({"attachment": {"type": "template", "payload": BUTTONS}}, ["template"]),
]


@pytest.mark.parametrize(("message", "kinds"), ECHOES)
def test_echoes_show_media_on_the_platforms_own_network(play: Play, message: Any, kinds: list[str]) -> None:
    play.shop(tokens={"1001": "token-1001"}, media=frozenset({"179"}))
    play.write()
    verdict = play.send({"recipient": {"id": ALICE}, "message": message})
    (event,) = verdict.events
    parts = event.item["message"]["attachments"]
    assert [part["type"] for part in parts] == kinds
    assert "https://a/b" not in str(parts)
    read = play.read(verdict.answer["message_id"], {"fields": "attachments,from"})
    assert len(read["attachments"]["data"]) == len(kinds)

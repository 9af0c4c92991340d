"""Uploads in the box (platform notes, section 2.3)."""

from typing import Any

import pytest
from play import ALICE, SHOP, Play, code

from kaiwa.simulator.actions import Expire

URL = "https://shop.example/a.png"


def uploaded(play: Play, kind: str = "image", url: str = URL, **more: Any) -> Any:
    body = {
        "platform": "instagram",
        "message": {"attachment": {"type": kind, "payload": {"url": url, "is_reusable": True, **more}}},
    }
    verdict = play.send(body, edge="message_attachments")
    return code(verdict) or verdict.answer["attachment_id"]


def sent(play: Play, attachment_id: str) -> Any:
    attachment = {"type": "image", "payload": {"attachment_id": attachment_id}}
    return code(play.send({"recipient": {"id": ALICE}, "message": {"attachment": attachment}}))


def test_an_upload_is_sent_by_its_id_until_it_is_forgotten(play: Play) -> None:
    play.write()
    attachment_id = uploaded(play)
    assert (play.last.kind, play.last.rate, play.last.content) == ("upload", "media", None)
    assert sent(play, attachment_id) is None
    play.act(Expire(account_id=SHOP))
    assert sent(play, attachment_id) == (100, 2018074)


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"url": "http://shop.example/a.png"}, (100, 2018008)),
        ({"url": "https://shop.example/a.pdf"}, (100, 2018047)),
        ({"kind": "template"}, (100, None)),
        ({"is_reusable": False}, (100, None)),
        ({"attachment_id": "1"}, (100, None)),
    ],
)
def test_uploads_that_are_none(play: Play, fields: dict[str, Any], refused: Any) -> None:
    assert uploaded(play, **fields) == refused


def test_instagram_login_has_no_uploads(play: Play) -> None:
    play.shop(login="instagram", page_id=None)
    attachment = {"type": "image", "payload": {"url": URL, "is_reusable": True}}
    body = {"platform": "instagram", "message": {"attachment": attachment}}
    refused = code(play.send(body, edge="message_attachments", host="instagram"))
    assert refused == (2500, None)

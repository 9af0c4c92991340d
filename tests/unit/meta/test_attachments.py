"""Uploading: the call, and what an answer says or fails to say."""

import msgspec
import pytest
from replies import Replying, answering

from kaiwa.meta.attachments import upload
from kaiwa.meta.graph import Sender
from kaiwa.meta.http import NoReply

SHOP = Sender("facebook", "1029", "token", proof="ab12")
URL = "https://shop.example/price-list.pdf"


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, b'{"attachment_id":"77"}', "77"),
        (200, b'{"attachment_id":""}', None),
        (200, b'{"attachment_id":77}', None),
        (200, b"{}", None),
        (200, b"<html>", None),
        (400, b'{"error":{"code":100,"error_subcode":2018047}}', None),
        (500, b"", None),
    ],
)
async def test_upload(status: int, content: bytes, said: str | None) -> None:
    """Breaks when an id is made up from an answer that holds none, or the proof is forgotten."""
    platform = answering(status, content)
    assert await upload(platform.graph(), SHOP, "file", URL) == said
    (call,) = platform.asked
    assert (call.url, call.params) == (
        "https://fb.example/v26.0/1029/message_attachments",
        {"appsecret_proof": "ab12"},
    )
    attachment = {"type": "file", "payload": {"url": URL, "is_reusable": True}}
    assert msgspec.json.decode(call.content) == {
        "platform": "instagram",
        "message": {"attachment": attachment},
    }


async def test_nobody_answers() -> None:
    platform = Replying(NoReply("ClientConnectorError", left=False))
    assert await upload(platform.graph(), SHOP, "file", URL) is None

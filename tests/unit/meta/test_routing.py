"""What the platform says about routing, and what it says that nobody can read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from replies import answering

from kaiwa.meta.answers import Accepted, Answer, Lost, Refused
from kaiwa.meta.graph import Sender
from kaiwa.meta.http import Reply
from kaiwa.meta.replies import read_done
from kaiwa.meta.routing import Idle, Owner, mode, owner
from kaiwa.meta.usage import Usage

SHOP = Sender("facebook", "1029", "token")
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
ENDS = int(AT.timestamp())


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, b'{"data":[]}', Idle()),
        (200, b'{"data":[{"thread_owner":{"app_id":"1001","expiration":%d}}]}' % ENDS, Owner("1001", AT)),
        (200, b'{"data":[{"thread_owner":{"app_id":1001,"expiration":%d}}]}' % ENDS, Owner("1001", AT)),
        (200, b'{"data":[{"thread_owner":{"expiration":%d}}]}' % ENDS, Owner(None, AT)),
        (200, b'{"data":[{"thread_owner":{"app_id":"1001"}}]}', Owner("1001", None)),
        (200, b'{"data":[{"thread_owner":{"expiration":%d}}]}' % 10**30, None),
        (200, b'{"data":[{"thread_owner":{"expiration":%d}}]}' % 10**15, None),
        (200, b'{"data":[{}]}', None),
        (200, b"<html>", None),
        (200, b"", None),
        (400, b'{"data":[]}', None),
        (500, b"", None),
    ],
)
async def test_owner(status: int, content: bytes, said: Any) -> None:
    """Breaks when an id as number, an owner we are not told, or an absurd time is misread."""
    platform = answering(status, content)
    assert await owner(platform.graph(), SHOP, "1111") == said
    (asked,) = platform.asked
    assert (asked.url, asked.params) == ("https://fb.example/v26.0/1029/thread_owner", {"recipient": "1111"})


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (
            200,
            b'{"messaging_feature_status":{"hop_v2":true,"msgr_multi_app":true,"ig_multi_app":true}}',
            "routed",
        ),
        (
            200,
            b'{"messaging_feature_status":{"hop_v2":false,"msgr_multi_app":true,"ig_multi_app":true}}',
            "open",
        ),
        (
            200,
            b'{"messaging_feature_status":{"hop_v2":false,"msgr_multi_app":true,"ig_multi_app":false}}',
            "alone",
        ),
        (200, b'{"messaging_feature_status":{}}', "alone"),
        (200, b"{}", None),
        (403, b"", None),
    ],
)
async def test_mode(status: int, content: bytes, said: Any) -> None:
    assert await mode(answering(status, content).graph(), SHOP) == said


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, b'{"success":true}', Accepted(None, None)),
        (200, b'{"success":false}', Lost("nothing named")),
        (200, b"{}", Lost("nothing named")),
        (200, b"<html>", Lost("unreadable answer")),
        (500, b'{"success":true}', Lost("HTTP 500")),
        (400, b'{"error":{"code":27}}', Refused(27, None, None)),
    ],
)
def test_an_edge_without_message_says_that_it_is_done(status: int, content: bytes, said: Answer) -> None:
    assert read_done(Reply(status, content)) == said


def test_what_was_done_says_how_full_the_budgets_are() -> None:
    """Broken by: an edge whose answers have their headers forgotten."""
    said = read_done(Reply(200, b'{"success":true}', {"x-app-usage": '{"call_count":90}'}))
    assert said == Accepted(None, None, Usage(app=90))

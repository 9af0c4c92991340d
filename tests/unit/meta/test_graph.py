"""What a complete HTTP answer says, and what may have left when none came: tables without a network."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replies import answering

from kaiwa.meta.answers import Accepted, Answer, Lost, Refused, ThreadMessage
from kaiwa.meta.graph import Sender
from kaiwa.meta.http import Reply
from kaiwa.meta.replies import read
from kaiwa.meta.usage import Usage

SHOP = Sender("facebook", "1029", "token-of-the-shop")
STUDIO = Sender("instagram", "1784", "token-of-the-studio")
TAKEN = b'{"recipient_id":"1111","message_id":"m1"}'
CLOSED = b'{"error":{"message":"x","code":10,"error_subcode":2534022,"fbtrace_id":"T"}}'


def answer(status: int, content: bytes = b"", **headers: str) -> Answer:
    return read(Reply(status, content, headers))


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, TAKEN, Accepted("m1", "1111")),
        (201, TAKEN, Accepted("m1", "1111")),
        (200, b'{"message_id":"m1"}', Accepted("m1", None)),
        (200, b'{"recipient_id":"1111"}', Accepted(None, "1111")),
        (200, b'{"recipient_id":"1111","message_id":"m1","attachment_id":"a"}', Accepted("m1", "1111")),
        # an error object wins, whatever the status
        (200, CLOSED, Refused(10, 2534022, "T")),
        (400, CLOSED, Refused(10, 2534022, "T")),
        (403, CLOSED, Refused(10, 2534022, "T")),
        (500, CLOSED, Refused(10, 2534022, "T", passing=True)),
        (400, b'{"error":{}}', Refused(None, None, None)),
        (500, b'{"error":{}}', Refused(None, None, None, passing=True)),
        # the text is localised, the type differs between the hosts, transient may be anything: the numbers speak
        (
            400,
            '{"error":{"message":"メッセージを送信できません","type":"IGApiException","code":1}}'.encode(),
            Refused(1, None, None),
        ),
        (400, b'{"error":{"message":null,"type":"OAuthException","code":1}}', Refused(1, None, None)),
        (400, b'{"error":{"code":4711,"is_transient":true}}', Refused(4711, None, None, passing=True)),
        (400, b'{"error":{"code":4711,"is_transient":"yes"}}', Refused(4711, None, None)),
        # unreadable, or says nothing: it may have been sent
        (200, b"", Lost("unreadable answer")),
        (204, b"", Lost("unreadable answer")),
        (200, b"<html>", Lost("unreadable answer")),
        (200, b"{}", Lost("nothing named")),
        (200, b"[]", Lost("unreadable answer")),
        (200, b'{"message_id":17}', Lost("unreadable answer")),
        (200, b'{"message_id":"\xff"}', Lost("unreadable answer")),
        (200, b'{"a":' + b"[" * 100_000, Lost("unreadable answer")),
        (200, b'{"error":null}', Lost("nothing named")),
        (200, b'{"error":"no"}', Lost("nothing named")),
        (500, b"<html>", Lost("HTTP 500")),
        (502, b"", Lost("HTTP 502")),
        (503, TAKEN, Lost("HTTP 503")),
        # somebody before the platform said no
        (404, b"<html>", Refused(None, None, None)),
        (302, b"", Refused(None, None, None)),
    ],
)
def test_answers(status: int, content: bytes, said: Answer) -> None:
    """Promise 3, kafka-and-python.md section 2. Breaks when a 5xx without an error object is a refusal, when a 200
    that nobody can read is a success or raises, when the status goes before the error object.
    """
    assert answer(status, content) == said


def test_the_announced_time_is_read() -> None:
    usage = '{"1":[{"estimated_time_to_regain_access":19}]}'
    said = answer(400, b'{"error":{"code":613}}', **{"x-business-use-case-usage": usage})
    assert said == Refused(613, None, None, Usage(regain=timedelta(minutes=19)))


@given(st.integers(200, 599), st.binary(max_size=80))
def test_any_bytes_are_an_answer(status: int, content: bytes) -> None:
    """Breaks when anything in a body raises: the call was made and its end would be unknown to nobody's knowledge."""
    said = answer(status, content)
    assert isinstance(said, Accepted | Refused | Lost)


@pytest.mark.parametrize(
    ("sender", "url"),
    [(SHOP, "https://fb.example/v26.0/1029/messages"), (STUDIO, "https://ig.example/v26.0/1784/messages")],
)
async def test_the_call(sender: Sender, url: str) -> None:
    platform = answering(200, TAKEN)
    assert await platform.graph().send(sender, {"message": {"text": "会話"}}) == Accepted("m1", "1111")
    (asked,) = platform.asked
    assert (asked.method, asked.url) == ("POST", url)
    assert asked.headers["authorization"] == f"Bearer {sender.token}"
    assert asked.content == '{"message":{"text":"会話"}}'.encode()


@pytest.mark.parametrize("proof", [None, "ab12"])
async def test_every_call_carries_the_proof_where_there_is_one(proof: str | None) -> None:
    """Breaks when one of the calls forgets it: an app that requires it would refuse just that one."""
    platform, shop = answering(200, b'{"data":[]}'), replace(SHOP, proof=proof)
    graph = platform.graph()
    await graph.send(shop, {})
    await graph.newest_messages(shop, "1111")
    await graph.threads(shop, None)
    assert [asked.params.get("appsecret_proof") for asked in platform.asked] == [proof] * 3


def test_a_sender_shows_neither_token_nor_proof() -> None:
    """Promise 8."""
    shown = repr(replace(SHOP, proof="proof-of-the-shop"))
    assert SHOP.token not in shown
    assert "proof-of" not in shown


MEDIA = b'{"image_data":{}},{"video_data":{}},{"file_url":""}'
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def thread(fields: bytes) -> bytes:
    """A thread with one message of these fields."""
    return b'{"data":[{"messages":{"data":[{"id":"m1",' + fields + b"}]}}]}"


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (b'{"data":[]}', []),
        (b'{"data":[{"id":"t","messages":{"data":[]}}]}', []),
        (
            thread(
                b'"created_time":"2026-11-22T12:00:00+0000","from":{"id":"1784","username":"u"},"message":"hi"'
            ),
            [ThreadMessage("m1", AT, "1784", "hi")],
        ),
        (
            thread(
                b'"created_time":"2026-11-22T12:00:00Z","message":"","attachments":{"data":[' + MEDIA + b"]}"
            ),
            [ThreadMessage("m1", AT, None, None, ("image", "video", "file"))],
        ),
        # nothing that can be relied on
        (b'{"data":[{"id":"t"}]}', None),
        (thread(b'"created_time":"yesterday"'), None),
        (thread(b'"created_time":"2026-11-22T12:00:00"'), None),
        (thread(b'"message":"hi"'), None),
        (
            thread(b'"created_time":"2026-11-22T12:00:00Z","attachments":[]'),
            None,
        ),
        (b'{"data":{}}', None),
        (b"{}", None),
        (b"[]", None),
        (b"<html>", None),
        (b'{"data":"\xff"}', None),
        (b'{"a":' + b"[" * 100_000, None),
    ],
)
async def test_newest_messages(content: bytes, messages: list[ThreadMessage] | None) -> None:
    """Promise 3: a thread that cannot be read proves nothing. Breaks when an unreadable one is an empty one."""
    assert await answering(200, content).graph().newest_messages(SHOP, "1111") == messages


@pytest.mark.parametrize("status", [400, 403, 500])
async def test_a_refused_reading_is_no_reading(status: int) -> None:
    assert await answering(status, b'{"data":[]}').graph().newest_messages(SHOP, "1111") is None


@pytest.mark.parametrize(("sender", "node"), [(SHOP, "1029"), (STUDIO, "me")])
async def test_which_thread_is_read(sender: Sender, node: str) -> None:
    platform = answering(200, b'{"data":[]}')
    await platform.graph().newest_messages(sender, "1111")
    (asked,) = platform.asked
    assert asked.url.endswith(f".example/v26.0/{node}/conversations")
    assert asked.params == {
        "platform": "instagram",
        "user_id": "1111",
        "fields": "messages.limit(20){id,created_time,from,message,attachments}",
    }

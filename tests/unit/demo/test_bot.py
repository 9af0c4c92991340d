from typing import Any

import msgspec
import pytest

from kaiwa.contracts.events import Event, Kind
from kaiwa.contracts.sends import Media, Message
from kaiwa.devstack.demo.bot import answer


def asked(text: str | None, *, name: str = "EVENT1") -> Event:
    data: dict[str, Any] = {"mid": "m1", "text": text}
    return Event(
        id=name,
        kind=Kind.MESSAGE_RECEIVED,
        app_id="1001",
        account_id="1784",
        customer_id="1111",
        occurred_at="2026-11-22T10:00:00.000Z",
        time_source="event",
        received_at="2026-11-22T10:00:00.000Z",
        stream="messaging",
        data=msgspec.Raw(msgspec.json.encode(data)),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#0042 Do you have it?", Message(text="#0042 Yes, we have it, and it ships today.")),
        ("#0042 青いのはありますか", Message(text="#0042 はい、ございます。ご用意できます。")),
        (
            "#0042 Can I see a picture?",
            Message(images=(Media(url="https://pictures.example.org/0042.jpg"),)),
        ),
        (None, Message(text="#EVENT1 Yes, we have it, and it ships today.")),
    ],
)
def test_the_bot_answers_what_was_asked(text: str | None, words: Message) -> None:
    assert answer(asked(text)).message == words


def test_a_message_that_comes_twice_gets_one_answer() -> None:
    assert answer(asked("Hello")) == answer(asked("Hello"))
    assert answer(asked("Hello")).request_id != answer(asked("Hello", name="EVENT2")).request_id


def test_the_bot_says_that_it_is_one() -> None:
    assert answer(asked("Hello")).author.kind == "automation"

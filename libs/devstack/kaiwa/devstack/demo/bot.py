"""A bot, as you would write one: it reads what customers write, and asks for an answer.

It keeps no offsets, windows, limits or duplicates in mind. A customer's message that comes twice has the same id, and
so has its answer, and the dispatcher sends one. Whether, when and how it goes out is the dispatcher's affair. The answer
carries the trace of its question on, so that a collector shows both as one.
"""

import re
from collections.abc import Sequence

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing, Record, is_heartbeat
from kaiwa.contracts import topics
from kaiwa.contracts.cloudevents import TRACEPARENT
from kaiwa.contracts.events import Event, Kind, data_of, decode
from kaiwa.contracts.sends import Author, Media, Message, Recipient, SendRequest, encode

BOT = "demo-bot"
WITHIN = 10.0  # seconds for Kafka to acknowledge the answers

_NUMBER = re.compile(r"#\d+")


class Bot:
    """`handle` is what `kaiwa.bus.batches.Batches` calls with the records of `instagram.events.v1`."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def handle(self, records: Sequence[Record]) -> None:
        answers = [
            _outgoing(answer(event), record)
            for record in records
            if record.value and not is_heartbeat(record)
            if (event := decode(record.value)).kind == Kind.MESSAGE_RECEIVED
        ]
        await self._producer.publish(answers, within=WITHIN)


def _outgoing(request: SendRequest, question: Record) -> Outgoing:
    trace = tuple((name, value) for name, value in question.headers if name == TRACEPARENT)
    return Outgoing(topics.SENDS, request.key, encode(request), trace)


def answer(event: Event) -> SendRequest:
    """What the bot says to a customer's message."""
    return SendRequest(
        request_id=f"bot-{event.id}",
        account_id=event.account_id or "",
        recipient=Recipient(customer_id=event.customer_id),
        author=Author("automation", BOT),
        message=_words(data_of(event).text or "", otherwise=event.id[:6]),
    )


def _words(asked: str, *, otherwise: str) -> Message:
    found = _NUMBER.search(asked)
    number = found.group() if found else f"#{otherwise}"
    if "picture" in asked:
        return Message(images=(Media(url=f"https://pictures.example.org/{number[1:]}.jpg"),))
    if not asked.isascii():
        return Message(text=f"{number} はい、ございます。ご用意できます。")
    return Message(text=f"{number} Yes, we have it, and it ships today.")

"""Requests on their topic, and what their callers are told."""

from collections.abc import Callable
from typing import Any

from conditions import eventually

from kaiwa.bus.producer import Producer
from kaiwa.bus.records import Outgoing, Record
from kaiwa.contracts import ids, topics
from kaiwa.contracts.outcomes import FINAL, Outcome, decode
from kaiwa.contracts.sends import Author, Message, Recipient, SendRequest, encode
from kaiwa.simulator.simulator import Person

WITHIN = 30.0
"""Seconds, as is `ENDED`: so long a busy machine may take; what is broken takes for ever."""

ENDED = 60.0


class Asking:
    """`outcomes` holds what was told, by request, as it came; whoever uses this opens the producer and calls `note`."""

    producer: Producer

    def __init__(self) -> None:
        self.outcomes: dict[str, list[Outcome]] = {}

    async def ask(self, to: Person, text: str | None = None, **fields: Any) -> str:
        """Put a request on the topic (automation's text unless `fields` say otherwise); its id."""
        request = SendRequest(
            **{
                "request_id": ids.random(),
                "account_id": to.account_id,
                "recipient": Recipient(customer_id=to.customer_id),
                "author": Author("automation"),
                "message": None if text is None else Message(text=text),
                **fields,
            }
        )
        await self.put(request.key, encode(request))
        return request.request_id

    async def put(self, key: bytes, value: bytes) -> None:
        await self.producer.publish([Outgoing(topics.SENDS, key, value)], within=WITHIN)

    async def final(self, request_id: str, *, within: float = ENDED) -> Outcome:
        """The outcome in which a request ended."""
        return await self.until(request_id, lambda outcome: outcome.state in FINAL, within=within)

    async def until(
        self, request_id: str, met: Callable[[Outcome], bool], *, within: float = ENDED
    ) -> Outcome:
        """The newest outcome, once it is as wanted."""
        await eventually(lambda: request_id in self.outcomes and met(self.newest(request_id)), within=within)
        return self.newest(request_id)

    async def deferred(self, request_id: str, reason: str) -> Outcome:
        """Once it waits for this; before, on a busy machine, it may have waited for knowledge and said so."""
        told = await self.until(
            request_id, lambda outcome: outcome.state in FINAL or outcome.reason == reason
        )
        assert (told.state, told.reason) == ("deferred", reason)
        return told

    async def accepted(self, request_id: str) -> None:
        """Once that was told of it, whatever else was told in the same moment."""
        await eventually(
            lambda: any(outcome.state == "accepted" for outcome in self.outcomes.get(request_id, ())),
            within=ENDED,
        )

    def newest(self, request_id: str) -> Outcome:
        return max(self.outcomes[request_id], key=lambda outcome: outcome.seq)

    def note(self, record: Record) -> None:
        if record.value is not None:
            outcome = decode(record.value)
            self.outcomes.setdefault(outcome.request_id, []).append(outcome)

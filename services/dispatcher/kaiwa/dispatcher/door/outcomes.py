"""``GET /v1/outcomes``: what became of requests, for those who cannot read the topic; a long poll.

A cursor is a place in every partition of the topic, so it means the same at every dispatcher, and nothing is kept of who
has read how far. One consumer of the process follows the end of the topic for all who wait; who comes from further back
is served from Kafka itself.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import msgspec
from aiokafka import TopicPartition

from kaiwa.bus import reader
from kaiwa.bus.records import Record
from kaiwa.bus.tail import Places, Tail
from kaiwa.contracts import topics
from kaiwa.dispatcher.door.asking import Answer, Asked, bad
from kaiwa.dispatcher.door.callers import Caller
from kaiwa.dispatcher.door.problems import away
from kaiwa.runtime import metrics
from kaiwa.runtime.errors import DependencyError
from kaiwa.runtime.settings import Kafka

KEPT: Final = 10_000  # the newest outcomes, some 5 MB
_MOST: Final = 1000
_USUAL: Final = 100
_PATIENT: Final = 20  # seconds that a request waits which does not say
_LONGEST: Final = 30  # seconds; proxies give up a silent request after a minute
_SCANNED: Final = 20_000  # records of the past that one request may go through
_KAFKA_WITHIN: Final = 5.0  # seconds after the start
_PAST: Final = 2  # requests that read the past at once
_CURSOR: Final = re.compile(r"[0-9]{1,6}-[0-9]{1,18}(\.[0-9]{1,6}-[0-9]{1,18})*")
_DIGITS: Final = re.compile(r"[0-9]{1,6}")
_CLIENT: Final = "kaiwa-door"


class Page(msgspec.Struct, frozen=True):
    """:class:`kaiwa.contracts.door.Outcomes` with the records' own bytes."""

    outcomes: list[msgspec.Raw]
    next: str


@dataclass
class _Gathered:
    """Outcomes of a caller's accounts on their way from a place to a later one."""

    caller: Caller
    places: dict[int, int]
    most: int
    found: list[msgspec.Raw] = field(default_factory=list)

    def take(self, records: Iterable[Record]) -> None:
        for record in records:
            if len(self.found) >= self.most:
                return
            self.places[record.partition] = record.offset + 1
            if record.value and self._is_theirs(record):
                self.found.append(msgspec.Raw(record.value))

    def _is_theirs(self, record: Record) -> bool:
        account = (record.key or b"").partition(b":")[0].decode("utf-8", "replace")
        return self.caller.accounts is None or account in self.caller.accounts

    @property
    def page(self) -> Page:
        return Page(
            self.found, ".".join(f"{partition}-{at}" for partition, at in sorted(self.places.items()))
        )


class Feed:
    """``stopping`` ends every wait."""

    def __init__(self, kafka: Kafka, stopping: asyncio.Event) -> None:
        self._kafka = kafka
        self._stopping = stopping
        self._past = asyncio.Semaphore(_PAST)
        self.tail = Tail(kafka, topics.OUTCOMES, most=KEPT, client_id=_CLIENT)

    async def show(self, asked: Asked) -> Answer:
        given = asked.query("after", "wait", "limit")
        wait = _number(given, "wait", _PATIENT, least=0, most=_LONGEST)
        limit = _number(given, "limit", _USUAL, least=1, most=_MOST)
        try:
            async with asyncio.timeout(_KAFKA_WITHIN):
                await self.tail.begun.wait()
        except TimeoutError as error:
            raise away("Kafka") from error
        gathered = _Gathered(asked.caller, self._places(given.get("after")), limit)
        if self._is_gone(gathered.places):
            await self._look_back(gathered)
        else:
            with metrics.DOOR_WAITING.track_inprogress():
                await self._look_on(gathered, until=time.monotonic() + wait)
        return Answer(HTTPStatus.OK, gathered.page)

    def _places(self, cursor: str | None) -> dict[int, int]:
        """Where a cursor points; without one, behind the newest."""
        if cursor is None:
            return dict(self.tail.ends)
        if cursor == "earliest":
            return dict.fromkeys(self.tail.ends, 0)
        if not _CURSOR.fullmatch(cursor):
            raise bad("query", "after is no cursor of this door", field="after")
        pairs = [part.split("-") for part in cursor.split(".")]
        places = {int(partition): int(offset) for partition, offset in pairs}
        if places.keys() != self.tail.ends.keys() or len(pairs) != len(places):
            raise bad("query", "after is a cursor of another topic", field="after")
        return places

    async def _look_on(self, gathered: _Gathered, *, until: float) -> None:
        """What is kept, or comes while they wait; should it come faster than it is kept, the next request looks back."""
        while not self._is_gone(gathered.places):
            gathered.take(self.tail.since(gathered.places))
            left = until - time.monotonic()
            if gathered.found or left <= 0 or self._stopping.is_set():
                return
            await self.tail.news(within=min(left, 1.0))

    def _is_gone(self, places: Places) -> bool:
        return any(place < self.tail.begins[partition] for partition, place in places.items())

    async def _look_back(self, gathered: _Gathered) -> None:
        """From Kafka, as far as one request goes; what comes then is for the next one."""
        until = {partition: max(at, self.tail.begins[partition]) for partition, at in gathered.places.items()}
        try:
            async with self._past:
                scanned = 0
                async for record in self._older(gathered.places, until):
                    gathered.take([record])
                    scanned += 1
                    if len(gathered.found) >= gathered.most or scanned >= _SCANNED:
                        return
        except DependencyError as error:
            raise away("Kafka") from error
        gathered.places.update(until)

    def _older(self, places: Places, until: Places) -> AsyncIterator[Record]:
        behind = {
            TopicPartition(topics.OUTCOMES, n): place for n, place in places.items() if place < until[n]
        }
        return reader.read(
            self._kafka,
            client_id=_CLIENT,
            partitions=list(behind),
            start=behind,
            until={where: until[where.partition] for where in behind},
        )


def _number(given: dict[str, str], name: str, usual: int, *, least: int, most: int) -> int:
    said = given.get(name, str(usual))
    found = int(said) if _DIGITS.fullmatch(said) else -1
    if not least <= found <= most:
        raise bad("query", f"{name} is a whole number from {least} to {most}", field=name)
    return found

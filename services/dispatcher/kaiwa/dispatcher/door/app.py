"""The door put together: routes behind keys, on a port of its own.

    POST sends ─▶ instagram.sends.v1 ─▶ intake, as for everybody
    GET  ◀─ the dispatcher's tables, read only; outcomes from their topic

It writes no table of the queue: whatever is asked here goes the way of every request.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from kaiwa.bus.producer import Producer
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.core.state import Policy
from kaiwa.dispatcher.door.asking import Route, guarded
from kaiwa.dispatcher.door.callers import Callers
from kaiwa.dispatcher.door.conversations import Conversations
from kaiwa.dispatcher.door.outcomes import Feed
from kaiwa.dispatcher.door.problems import unmatched
from kaiwa.dispatcher.door.sends import Sends
from kaiwa.runtime import logs
from kaiwa.runtime.http import AsgiHandler
from kaiwa.runtime.listening import listen, serve
from kaiwa.runtime.routing import router
from kaiwa.runtime.settings import Kafka
from kaiwa.store.pool import Questions

_TALK = "/v1/accounts/{account_id}/conversations/{customer_id}"

_log = logs.get_logger()


@dataclass(frozen=True)
class Door:
    """Where the door is, and what stands behind it; ``hosted`` are routes for browsers, which bring no key."""

    host: str
    port: int
    pool: asyncpg.Pool
    questions: Questions
    producer: Producer
    kafka: Kafka
    vault: Contents
    policy: Policy
    partitions: int
    hosted: Mapping[tuple[str, str], AsgiHandler] = field(default_factory=dict)

    async def run(self) -> None:
        """Answer until cancelled; what is in flight then ends first. Raises SettingsError where the port is taken."""
        stopping = asyncio.Event()
        feed = Feed(self.kafka, stopping)
        with contextlib.closing(listen(self.host, self.port, variables="door")) as listener:
            _log.info("door_open", port=listener.getsockname()[1])
            serving = asyncio.create_task(serve(self._handler(feed), listener, stopping), name="door.http")
            following = asyncio.create_task(feed.tail.follow(), name="door.outcomes")
            try:
                ended, _ = await asyncio.wait([serving, following], return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()
            finally:
                stopping.set()
                await asyncio.wait([serving])
                following.cancel()
                await asyncio.wait([following])

    def _handler(self, feed: Feed) -> AsgiHandler:
        callers = Callers(self.questions)
        guards = {known: guarded(route, callers) for known, route in self.routes(feed).items()}
        return router({**guards, **self.hosted}, unmatched=unmatched)

    def routes(self, feed: Feed) -> dict[tuple[str, str], Route]:
        """By method and path; :mod:`kaiwa.contracts.schema.openapi` describes each."""
        sends = Sends(self.pool, self.questions, self.producer, self.vault)
        talks = Conversations(self.questions, sends, policy=self.policy, partitions=self.partitions)
        return {
            ("POST", "/v1/sends"): sends.ask,
            ("GET", "/v1/sends/{request_id}"): sends.show,
            ("DELETE", "/v1/sends/{request_id}"): sends.cancel,
            ("GET", _TALK): talks.show,
            ("POST", f"{_TALK}/escalate"): talks.escalate,
            ("POST", f"{_TALK}/release"): talks.release,
            ("GET", "/v1/outcomes"): feed.show,
        }

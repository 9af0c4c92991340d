"""The door put together: routes behind keys, on a port of its own.

POST sends ─▶ instagram.sends.v1 ─▶ intake, as for everybody
GET  ◀─ the dispatcher's tables, read only
"""

import asyncio
import contextlib
from dataclasses import dataclass

import asyncpg

from kaiwa.bus.producer import Producer
from kaiwa.dispatcher.contents import Contents
from kaiwa.dispatcher.door.asking import guarded
from kaiwa.dispatcher.door.callers import Callers
from kaiwa.dispatcher.door.problems import unmatched
from kaiwa.dispatcher.door.sends import Sends
from kaiwa.runtime import logs
from kaiwa.runtime.http import AsgiHandler
from kaiwa.runtime.listening import listen, serve
from kaiwa.runtime.routing import router

_log = logs.get_logger()


@dataclass(frozen=True)
class Door:
    """Where the door is, and what stands behind it."""

    host: str
    port: int
    pool: asyncpg.Pool
    producer: Producer
    vault: Contents

    async def run(self) -> None:
        """Answer until cancelled; what is in flight then ends first. Raises SettingsError where the port is taken."""
        stopping = asyncio.Event()
        with contextlib.closing(listen(self.host, self.port, variables="door")) as listener:
            _log.info("door_open", port=listener.getsockname()[1])
            serving = asyncio.create_task(serve(self._handler(), listener, stopping), name="door.http")
            try:
                await asyncio.shield(serving)
            finally:
                stopping.set()
                await asyncio.wait([serving])

    def _handler(self) -> AsgiHandler:
        callers = Callers(self.pool)
        sends = Sends(self.pool, self.producer, self.vault)
        routes = {
            ("POST", "/v1/sends"): sends.ask,
            ("GET", "/v1/sends/{request_id}"): sends.show,
            ("DELETE", "/v1/sends/{request_id}"): sends.cancel,
        }
        return router(
            {known: guarded(route, callers) for known, route in routes.items()}, unmatched=unmatched
        )

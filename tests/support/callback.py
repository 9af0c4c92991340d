"""A webhook callback on loopback that keeps what it verified, and fails when told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from kaiwa.meta.signatures import App, verify


class Callback:
    """`answers` are the statuses of the next notifications (then 200 for ever); None never answers."""

    def __init__(self, secrets: list[App], verify_token: str) -> None:
        self._secrets = secrets
        self._verify_token = verify_token
        self._arrived = asyncio.Condition()
        self.url = ""
        self.answers: list[int | None] = []
        self.bodies: list[dict[str, Any]] = []
        self.acknowledged: list[dict[str, Any]] = []
        self.apps: list[str | None] = []

    @property
    def items(self) -> list[dict[str, Any]]:
        """Every item that was answered 200, in the order of arrival."""
        return [
            item
            for body in self.acknowledged
            for entry in body["entry"]
            for array in ("messaging", "standby", "changes")
            for item in entry.get(array, [])
        ]

    def messages(self) -> list[dict[str, Any]]:
        return [item["message"] for item in self.items if "message" in item]

    async def until(self, met: Callable[["Callback"], object], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: met(self))

    async def post(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.apps.append(verify(raw, request.headers.get("X-Hub-Signature-256"), self._secrets))
        status = self.answers.pop(0) if self.answers else 200
        body = json.loads(raw)
        self.bodies.append(body)
        if status is None:
            await asyncio.Event().wait()
        if status == 200:
            self.acknowledged.append(body)
        async with self._arrived:
            self._arrived.notify_all()
        return web.Response(status=status or 500)

    async def get(self, request: web.Request) -> web.Response:
        if request.query.get("hub.verify_token") != self._verify_token:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])


@asynccontextmanager
async def callback(secrets: list[App], verify_token: str = "open") -> AsyncIterator[Callback]:
    """A callback that listens until the block ends."""
    made = Callback(secrets, verify_token)
    app = web.Application()
    app.add_routes([web.post("/hook", made.post), web.get("/hook", made.get)])
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield made
    finally:
        await runner.cleanup()

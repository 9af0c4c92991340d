"""A caller at a dispatcher's door: a key, requests with it, and how they end."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Self

import httpx
from asking import WITHIN
from conditions import eventually_true
from dispatcher_rig import DispatcherRig

from kaiwa.bus.reader import read
from kaiwa.contracts import topics
from kaiwa.contracts.sends import decode
from kaiwa.contracts.wire import UNREADABLE
from kaiwa.devstack.ports import free_port
from kaiwa.simulator.simulator import Person


class DoorCaller:
    """``rig``'s second dispatcher has a door; keys are made by the command."""

    def __init__(self, rig: DispatcherRig, *, name: str = "door", key: str = "") -> None:
        self.rig, self.key = rig, key
        self._name, self._port = name, free_port()
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.url = f"http://127.0.0.1:{self._port}"
        await self.reopen()
        self.http = await self._exit.enter_async_context(httpx.AsyncClient(base_url=self.url, timeout=40))
        every = [f"--author={kind}" for kind in ("human", "automation")]
        every += [f"--lane={lane}" for lane in ("human", "transactional", "bulk")]
        self.key = self.key or await self.make("everything", "--all-accounts", *every, "--rate=1000")
        await self.opens(self.key)
        return self

    async def reopen(self, **settings: str) -> None:
        await self.rig.dispatcher(self._name, KAIWA_DOOR__PORT=str(self._port), **settings)

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def make(self, name: str, *options: str) -> str:
        """A new key, which opens."""
        made = await self.rig.kaiwa("keys", "caller", "create", name, *options, "--json")
        key = str(json.loads(made.stdout)["key"])
        await self.opens(key)
        return key

    async def opens(self, key: str, *, status: int = 404) -> None:
        """Wait until the door answers this to the key (404: it opens, and nothing is there)."""

        async def answered() -> bool:
            return (await self.ask("GET", "/v1/sends/none", key=key)).status_code == status

        await eventually_true(answered)

    async def ask(
        self, method: str, path: str, *, key: str | None = None, headers: Mapping[str, str] = {}, **given: Any
    ) -> httpx.Response:
        opened = {"authorization": f"Bearer {key or self.key}", **headers}
        return await self.http.request(method, path, headers=opened, **given)


def body(to: Person, **fields: Any) -> dict[str, Any]:
    usual = {
        "account_id": to.account_id,
        "recipient": {"customer_id": to.customer_id},
        "author": {"kind": "automation"},
        "message": {"text": "It is."},
    }
    return {name: value for name, value in (usual | fields).items() if value is not None}


async def ended(door: DoorCaller, href: str) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN * 2):
        while True:
            standing = (await door.ask("GET", href)).json()
            if standing["state"] in ("sent", "refused", "failed", "cancelled", "expired"):
                return dict(standing)
            await asyncio.sleep(0.05)


def problem(answer: httpx.Response) -> tuple[int, str, str | None, str | None]:
    """Status, name, reason and field; and that it is a problem by RFC 9457."""
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    name = str(told["type"]).removeprefix("urn:kaiwa:problem:")
    return answer.status_code, name, told.get("reason"), told.get("field")


async def on_the_topic(rig: DispatcherRig, request_id: str) -> int:
    """How many records of this request were published; tests of bad input may have written to the topic before."""
    records = [r async for r in read(rig.kafka, [topics.SENDS], client_id="test")]
    return sum(_names(r.value or b"", request_id) for r in records)


def _names(value: bytes, request_id: str) -> bool:
    try:
        return decode(value).request_id == request_id
    except UNREADABLE:
        return False

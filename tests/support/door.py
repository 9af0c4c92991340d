"""A caller at a dispatcher's door: a key, and requests with it."""

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Self

import httpx
from conditions import eventually_true
from dispatcher_rig import DispatcherRig

from kaiwa.devstack.ports import free_port


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

        await eventually_true(answered, within=10)

    async def ask(
        self, method: str, path: str, *, key: str | None = None, headers: Mapping[str, str] = {}, **given: Any
    ) -> httpx.Response:
        opened = {"authorization": f"Bearer {key or self.key}", **headers}
        return await self.http.request(method, path, headers=opened, **given)
